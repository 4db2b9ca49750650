namespace Fovea.Data.Codecs.Decoding;

/// <summary>An image file in memory, with the name and the options that go with it.</summary>
/// <param name="name">For messages.</param>
/// <param name="file">Its contents.</param>
/// <param name="options">How to read it.</param>
internal sealed class ImageSource(string name, ReadOnlyMemory<byte> file, DecodeOptions options)
{
    public ReadOnlyMemory<byte> File => file;

    public ReadOnlySpan<byte> Bytes => file.Span;

    public int Length => file.Length;

    public DecodeOptions Options => options;

    /// <summary>An error in one sentence, for the caller to throw.</summary>
    public DataException Error(string what, Exception? inner = null) => new($"{name}: {what}", inner);

    /// <summary>Refuses an image that is too large, before anything is allocated for it.</summary>
    /// <param name="width">Columns, from the file.</param>
    /// <param name="height">Rows, from the file.</param>
    /// <param name="bytes">Memory that decoding will take, the result included.</param>
    public void RequireAffordable(long width, long height, long bytes)
    {
        DecodeLimits limits = options.Limits;
        double pixels = width * (double)height;
        if (pixels > Math.Min(limits.Pixels, DecodeLimits.MostPixels))
            throw Error(
                $"has {width} x {height} pixels, more than the limit of {limits.Pixels}; make it smaller" +
                (pixels > DecodeLimits.MostPixels ? "." : ", or raise the limit with `max-pixels`."));
        if (bytes > limits.Bytes)
            throw Error(
                $"needs {bytes} bytes to decode, more than the limit of {limits.Bytes} (6 for each pixel that may " +
                "be, and at least 1 GiB); make it smaller, or raise the limit with `max-pixels`.");
    }

    /// <summary>Takes the memory for an image that is not too large; waits for it where others decode large
    /// ones.</summary>
    /// <inheritdoc cref="RequireAffordable"/>
    /// <returns>To be disposed when the image is decoded.</returns>
    public DecodeMemory.Lease Reserve(long width, long height, long bytes)
    {
        RequireAffordable(width, height, bytes);
        return DecodeMemory.Shared.Take(bytes);
    }

    /// <summary>Complains unless <paramref name="length"/> bytes follow <paramref name="offset"/>.</summary>
    /// <param name="offset">Within the file.</param>
    /// <param name="length">From the file, so not to be trusted.</param>
    /// <param name="what">Names the bytes, such as "the header".</param>
    public void Require(int offset, long length, string what)
    {
        if (length > Length - offset)
            throw Error(
                $"is cut off: {what} takes {length} bytes at offset {offset}, but the file has "
                    + $"{Math.Max(0, Length - offset)} more.");
    }
}
