namespace Fovea.Data.Codecs.Png;

/// <summary>The bodies of the IDAT chunks, one after the other: the zlib stream that holds the pixels.</summary>
internal sealed class PngDataStream(ImageSource source, List<PngChunk> chunks) : Stream
{
    private int _chunk, _offset;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        while (_chunk < chunks.Count && _offset == chunks[_chunk].Length) (_chunk, _offset) = (_chunk + 1, 0);
        if (_chunk == chunks.Count) return 0;
        ReadOnlySpan<byte> rest = chunks[_chunk].Body(source)[_offset..];
        int length = Math.Min(rest.Length, buffer.Length);
        rest[..length].CopyTo(buffer);
        _offset += length;
        return length;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
