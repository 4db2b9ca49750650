namespace Fovea.Lab.Estimation.Clusters;

/// <summary>Reason why ranks are not as many times faster as they are many.</summary>
public enum ClusterLimit
{
    /// <summary>Next to nothing is lost: computing is what takes the time.</summary>
    Compute,

    /// <summary>Ranks have different numbers of shards, and wait for those that have most.</summary>
    Shards,

    /// <summary>The number of messages.</summary>
    Latency,

    /// <summary>The bytes on the wire.</summary>
    Bandwidth,

    /// <summary>Packing, adding and unpacking of vectors by each rank.</summary>
    Adding,

    /// <summary>The optimiser's step, which every rank makes for all parameters.</summary>
    Optimiser,
}
