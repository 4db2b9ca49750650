namespace Fovea.Core;

/// <summary>
/// A dataset that is missing, wrong, truncated or hostile; the sentence names the file and the place in it. Nothing
/// else escapes from reading data.
/// </summary>
/// <inheritdoc/>
public sealed class DataException(string reason, Exception? inner = null) : FoveaException(reason, inner);
