using Fovea.Data.Transforms;

namespace Fovea.Data.Loading;

/// <summary>Another view of each image of a batch.</summary>
/// <param name="Transforms">Steps between the stored image and the view, with random numbers of its own.</param>
/// <param name="Size">Rows and columns of the view.</param>
public sealed record ViewOptions(TransformPipeline Transforms, int Size);
