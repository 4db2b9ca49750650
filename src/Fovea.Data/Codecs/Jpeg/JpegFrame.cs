using System.Buffers.Binary;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>The frame header and the memory for what is decoded.</summary>
/// <remarks>Source: ITU-T T.81, B.2.2 and A.1.</remarks>
internal sealed class JpegFrame
{
    /// <summary>Bytes behind a plane that vector loads may touch.</summary>
    public const int Slack = 32;

    private JpegFrame(int width, int height, bool isProgressive, JpegComponent[] components)
    {
        (Width, Height, IsProgressive, Components) = (width, height, isProgressive, components);
        MaxHorizontal = components.Max(component => component.Horizontal);
        MaxVertical = components.Max(component => component.Vertical);
        McusWide = DivideUp(width, 8 * MaxHorizontal);
        McusHigh = DivideUp(height, 8 * MaxVertical);
        foreach (JpegComponent component in components)
        {
            component.BlocksWide = DivideUp(DivideUp(width * component.Horizontal, MaxHorizontal), 8);
            component.BlocksHigh = DivideUp(DivideUp(height * component.Vertical, MaxVertical), 8);
            component.PaddedWide = McusWide * component.Horizontal;
            component.PaddedHigh = McusHigh * component.Vertical;
        }
    }

    /// <summary>Columns of the full image.</summary>
    public int Width { get; }

    /// <summary>Rows of the full image.</summary>
    public int Height { get; }

    public bool IsProgressive { get; }

    public JpegComponent[] Components { get; }

    /// <summary>The largest of the components' factors.</summary>
    public int MaxHorizontal { get; }

    /// <inheritdoc cref="MaxHorizontal"/>
    public int MaxVertical { get; }

    public int McusWide { get; }

    public int McusHigh { get; }

    /// <summary>Samples that a full-size block becomes: 8 divided by the scale.</summary>
    public int Size { get; private set; } = 8;

    /// <summary>Columns of the result, before it is turned upright.</summary>
    public int OutputWidth => DivideUp(Width * Size, 8);

    /// <summary>Rows of the result, before it is turned upright.</summary>
    public int OutputHeight => DivideUp(Height * Size, 8);

    /// <summary>Whether every component was in some scan.</summary>
    public bool IsComplete => Components.All(component => component.Quantization is not null);

    public static JpegFrame Parse(ImageSource source, byte marker, ReadOnlySpan<byte> body)
    {
        RequireKnown(source, marker);
        if (body.Length < 6) throw source.Error("is damaged: its frame header is too short.");
        int height = BinaryPrimitives.ReadUInt16BigEndian(body[1..]),
            width = BinaryPrimitives.ReadUInt16BigEndian(body[3..]), count = body[5];
        if (body[0] != 8) throw source.Error($"has samples of {body[0]} bits; only JPEG of 8 bits can be read.");
        if (height == 0) throw source.Error("leaves its height to a later marker (DNL), which is not supported.");
        if (width == 0) throw source.Error("has a width of 0.");
        if (count is not (1 or 3 or 4)) throw source.Error($"has {count} colour components; 1, 3 and 4 can be read.");
        if (body.Length != 6 + 3 * count)
            throw source.Error($"is damaged: its frame header has {body.Length} bytes for {count} components.");

        JpegComponent[] components = new JpegComponent[count];
        for (int i = 0; i < count; i++) components[i] = ParseComponent(source, body.Slice(6 + 3 * i, 3));
        if (components.DistinctBy(component => component.Id).Count() < count)
            throw source.Error("is damaged: two components have one name.");
        return new(width, height, marker == JpegMarker.Progressive, components);
    }

    /// <summary>Decides how many samples each block becomes.</summary>
    /// <remarks>
    /// Subsampled components need less shrinking or none: where the image is halved, half-size colours are decoded in
    /// full and not enlarged again. That is what libjpeg does, and it looks better.
    /// </remarks>
    public void SetScale(int scale)
    {
        Size = 8 / scale;
        foreach (JpegComponent component in Components)
        {
            int factor = 1;
            while (Size * factor < 8 && MaxHorizontal % (component.Horizontal * factor * 2) == 0
                && MaxVertical % (component.Vertical * factor * 2) == 0) factor *= 2;
            component.Size = Size * factor;
            component.Width = DivideUp(Width * component.Horizontal * component.Size, MaxHorizontal * 8);
            component.Height = DivideUp(Height * component.Vertical * component.Size, MaxVertical * 8);
        }
    }

    /// <summary>Refuses a frame that is too large, or too large for its file; takes the memory for another.</summary>
    /// <param name="source">The file.</param>
    /// <param name="copies">Of the result, that are in memory at once.</param>
    public DecodeMemory.Lease Reserve(ImageSource source, int copies)
    {
        long planes = Components.Sum(component =>
            component.Blocks * (component.Size * component.Size + (IsProgressive ? 128 : 0)));
        long result = (long)OutputWidth * OutputHeight * (Components.Length == 1 ? 1 : 3);
        source.RequireAffordable(Width, Height, planes + result * copies);

        // No process stores a block's first coefficient in less than one bit.
        long blocks = Components.Sum(component => (long)component.BlocksWide * component.BlocksHigh);
        if (blocks > 8L * source.Length)
            throw source.Error(
                $"is cut off or its header is wrong: {source.Length} bytes cannot hold {Width} x {Height} pixels.");
        return source.Reserve(Width, Height, planes + result * copies);
    }

    /// <summary>Rents the components' memory. Samples start grey, coefficients zero, for the case that data are
    /// missing.</summary>
    public void Allocate()
    {
        foreach (JpegComponent component in Components)
        {
            int samples = component.Stride * component.PaddedHigh * component.Size + Slack;
            component.Plane = DecodeBuffers.Rent<byte>(samples);
            component.Plane.AsSpan(0, samples).Fill(128);
            if (!IsProgressive) continue;
            component.Coefficients = DecodeBuffers.Rent<short>((int)component.Blocks * 64);
            component.Coefficients.AsSpan(0, (int)component.Blocks * 64).Clear();
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Release()
    {
        foreach (JpegComponent component in Components)
        {
            DecodeBuffers.Return(component.Plane);
            DecodeBuffers.Return(component.Coefficients);
            (component.Plane, component.Coefficients) = ([], []);
        }
    }

    private static JpegComponent ParseComponent(ImageSource source, ReadOnlySpan<byte> body)
    {
        JpegComponent component = new()
        {
            Id = body[0],
            Horizontal = body[1] >> 4,
            Vertical = body[1] & 15,
            Selector = body[2]
        };
        if (component.Horizontal is 0 or > 4 || component.Vertical is 0 or > 4 || component.Selector > 3)
        {
            throw source.Error(
                $"is damaged: component {component.Id} has sampling " +
                $"{component.Horizontal} x {component.Vertical} and " +
                $"quantisation table {component.Selector}; 1 to 4 and 0 to 3 exist.");
        }

        return component;
    }

    private static void RequireKnown(ImageSource source, byte marker)
    {
        if (marker is >= JpegMarker.Baseline and <= JpegMarker.Progressive) return;
        throw source.Error((marker & 15) switch
        {
            3 or 11 => "is a lossless JPEG, which cannot be read.",
            9 or 10 => "is an arithmetic-coded JPEG, which cannot be read; only Huffman coding can.",
            _ => "is a hierarchical JPEG, which cannot be read.",
        });
    }

    private static int DivideUp(int value, int divisor) => (value + divisor - 1) / divisor;
}
