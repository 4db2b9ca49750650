namespace Fovea.Training;

/// <summary>Numbers became infinite or NaN. The message says at which step, where first, and which checkpoint is still
/// good.</summary>
/// <inheritdoc/>
public sealed class TrainingDivergedException(string reason) : FoveaException(reason);
