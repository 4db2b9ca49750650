namespace Fovea.Vision;

/// <summary>A model under a name.</summary>
/// <param name="Name">As in recipes.</param>
/// <param name="Config">What it is built from; adapt it with <c>Config with { ImageSize = ..., Channels = ..., Classes
/// = ... }</c>.</param>
/// <param name="Description">One sentence for listings.</param>
/// <param name="Aliases">Other names that find it.</param>
public sealed record Preset(string Name, ModelConfig Config, string Description, params IReadOnlyList<string> Aliases)
{
    /// <summary>Exact number of parameters, without allocating any.</summary>
    public long ParameterCount => Config.Build().ParameterCount;
}
