namespace Fovea.Tensors.Backends.Cpu.Placement;

/// <summary>A processor as the system counts them: a hardware thread.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Core">Its physical core: the same for threads that share one.</param>
/// <param name="Node">Its memory node.</param>
internal readonly record struct Processor(int Number, int Core, int Node);
