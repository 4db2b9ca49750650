namespace Fovea.Training.Recipes;

/// <summary>Update rules that a recipe can name.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,

    /// <summary>Adam; weight decay is added to the gradient.</summary>
    Adam,

    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,

    /// <summary>LAMB: Adam with steps as long as the parameters, for large batches.</summary>
    Lamb,

    /// <summary>LARS: stochastic gradient descent with steps as long as the parameters, for large batches.</summary>
    Lars,

    /// <summary>Lion: steps by the sign of a mean of gradients.</summary>
    Lion,

    /// <summary>Adan: Adam with a look-ahead by differences of gradients.</summary>
    Adan,

    /// <summary>AdamW with an average of the weights in place of a schedule.</summary>
    ScheduleFree,

    /// <summary>Muon: orthogonal steps of the blocks' matrices, AdamW for the rest.</summary>
    Muon,
}
