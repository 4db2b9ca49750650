namespace Fovea.Training;

/// <summary>Numbers became infinite or NaN. The message says at which step, where first, and which checkpoint is still good.</summary>
/// <param name="message">One sentence.</param>
public sealed class TrainingDivergedException(string message) : Exception(message);
