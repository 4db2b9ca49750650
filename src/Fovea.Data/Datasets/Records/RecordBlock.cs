namespace Fovea.Data.Datasets.Records;

/// <summary>Images at equal distances in one block of bytes: image i starts at <c>Offset + i · Stride</c>.</summary>
internal readonly record struct RecordBlock(ReadOnlyMemory<byte> Bytes, int Offset, int Stride, byte[] Labels);
