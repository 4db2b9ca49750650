namespace Fovea.Mpi.Native;

/// <summary>An error that the MPI library reported.</summary>
/// <inheritdoc/>
internal sealed class MpiException(string reason) : FoveaException(reason);
