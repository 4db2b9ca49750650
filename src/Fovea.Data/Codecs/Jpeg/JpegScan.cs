using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>A scan header: which components, and which part of their coefficients.</summary>
/// <param name="Components">Components with their tables.</param>
/// <param name="First">First coefficient in zigzag order (progressive only).</param>
/// <param name="Last">Last coefficient in zigzag order (progressive only).</param>
/// <param name="High">The bit position of the scan before it, 0 for a first scan (progressive only).</param>
/// <param name="Low">The bit position that this scan reaches (progressive only).</param>
/// <remarks>Source: ITU-T T.81, B.2.3 and G.1.1.1.1.</remarks>
internal sealed record JpegScan(JpegScanComponent[] Components, int First, int Last, int High, int Low)
{
    private const int MostBlocks = 10, MostShift = 13;

    /// <exception cref="DataException">The header is damaged, or a table is missing.</exception>
    public static JpegScan Parse(ImageSource source, JpegFrame frame, JpegTables tables, ReadOnlySpan<byte> body)
    {
        int count = body.IsEmpty ? 0 : body[0];
        if (count is < 1 or > 4 || body.Length != 4 + 2 * count)
            throw source.Error($"is damaged: a scan header has {body.Length} bytes for {count} components.");
        ReadOnlySpan<byte> end = body[^3..];
        (int first, int last, int high, int low) = frame.IsProgressive ? (end[0], end[1], end[2] >> 4, end[2] & 15)
            : (0, 63, 0, 0);
        if (frame.IsProgressive) RequireProgression(source, count, first, last, high, low);

        JpegScanComponent[] components = new JpegScanComponent[count];
        for (int i = 0; i < count; i++)
        {
            (byte id, int dc, int ac) = (body[1 + 2 * i], body[2 + 2 * i] >> 4, body[2 + 2 * i] & 15);
            JpegComponent component = frame.Components.FirstOrDefault(candidate => candidate.Id == id)
                ?? throw source.Error($"is damaged: a scan names component {id}, which the frame does not have.");
            // Refinements of the first coefficient are plain bits; no other scan does without its tables.
            HuffmanTable? dcTable = first == 0 && high == 0 ? tables.Huffman(source, isAc: false, dc) : null;
            HuffmanTable? acTable = last > 0 ? tables.Huffman(source, isAc: true, ac) : null;
            component.Quantization ??= tables.Quantization(source, component.Selector);
            components[i] = new(component, dcTable, acTable);
        }

        RequireInterleaving(source, components);
        return new(components, first, last, high, low);
    }

    private static void RequireProgression(ImageSource source, int count, int first, int last, int high, int low)
    {
        bool isValid = first == 0 ? last == 0 : last is > 0 and < 64 && first <= last && count == 1;
        if (isValid && low <= MostShift && (high == 0 || high == low + 1)) return;
        throw source.Error(
            $"is damaged: a scan of {count} components asks for coefficients {first} to {last} and bits {high} to "
                + $"{low}.");
    }

    private static void RequireInterleaving(ImageSource source, JpegScanComponent[] components)
    {
        if (components.DistinctBy(entry => entry.Component).Count() < components.Length)
            throw source.Error("is damaged: a scan names a component twice.");
        int blocks = components.Sum(entry => entry.Component.Horizontal * entry.Component.Vertical);
        if (components.Length > 1 && blocks > MostBlocks)
            throw source.Error($"is damaged: a scan interleaves {blocks} blocks; {MostBlocks} are allowed.");
    }
}

/// <summary>A component of a scan.</summary>
/// <param name="component">What it decodes to.</param>
/// <param name="dc">The table of first coefficients, where the scan needs one.</param>
/// <param name="ac">The table of the other coefficients, where the scan needs one.</param>
internal sealed class JpegScanComponent(JpegComponent component, HuffmanTable? dc, HuffmanTable? ac)
{
    public JpegComponent Component => component;

    public HuffmanTable Dc => dc!;

    public HuffmanTable Ac => ac!;

    /// <summary>The first coefficient of the block before, from which the next is a difference.</summary>
    public int Prediction { get; set; }
}
