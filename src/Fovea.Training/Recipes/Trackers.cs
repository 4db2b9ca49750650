namespace Fovea.Training.Recipes;

/// <summary>Tools that can get a record of a run.</summary>
[Flags]
public enum Trackers
{
    /// <summary>None; <c>metrics.jsonl</c> and <c>results.csv</c> are always there.</summary>
    None = 0,

    /// <summary>TensorBoard's event files.</summary>
    TensorBoard = 1,

    /// <summary>Weights &amp; Biases, as an offline run.</summary>
    Wandb = 2,

    /// <summary>MLflow's file store.</summary>
    Mlflow = 4,

    /// <summary>A table that Trackio imports.</summary>
    Trackio = 8,
}
