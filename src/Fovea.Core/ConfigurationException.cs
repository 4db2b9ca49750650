namespace Fovea.Core;

/// <summary>A setting that cannot be used; the message names the field, the value and what is possible.</summary>
public sealed class ConfigurationException(string message) : ArgumentException(message);
