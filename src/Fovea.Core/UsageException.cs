namespace Fovea.Core;

/// <summary>A name, option or setting that does not exist, makes no sense or does not fit the others.</summary>
/// <inheritdoc/>
public sealed class UsageException(string reason, Exception? inner = null) : FoveaException(reason, inner);
