using BitMiracle.LibTiff.Classic;
using Fovea.Data.Codecs.Decoding;
using static Fovea.Data.Codecs.LibTiff.TiffReader;

namespace Fovea.Data.Codecs.LibTiff;

/// <summary>Samples of a grey image with alpha. LibTiff's conversion to colours takes alpha of 8 bits for a part of the
/// brightness; here it is dropped, as it is of other images.</summary>
internal sealed class GreySamples
{
    private const int Parts = 2;

    private readonly Tiff _tiff;
    private readonly int _bytes;
    private readonly bool _isInverted, _isPlanar;

    private GreySamples(Tiff tiff, int bytes, bool isInverted, bool isPlanar) =>
        (_tiff, _bytes, _isInverted, _isPlanar) = (tiff, bytes, isInverted, isPlanar);

    /// <summary>The samples of the file's first image; null where it is none of grey and alpha.</summary>
    public static GreySamples? Of(Tiff tiff)
    {
        int photometric = Field(tiff, TiffTag.PHOTOMETRIC, 0), bits = Field(tiff, TiffTag.BITSPERSAMPLE, 1);
        return photometric is (int)Photometric.MINISBLACK or (int)Photometric.MINISWHITE
            && Field(tiff, TiffTag.SAMPLESPERPIXEL, 1) == Parts && bits is 8 or 16
            ? new(tiff, bits / 8, photometric == (int)Photometric.MINISWHITE,
                Field(tiff, TiffTag.PLANARCONFIG, (int)PlanarConfig.CONTIG) == (int)PlanarConfig.SEPARATE)
            : null;
    }

    /// <summary>Reads the grey samples.</summary>
    /// <exception cref="DataException">The file is damaged.</exception>
    public void Read(ImageSource source, Span<byte> plane, int width, int height)
    {
        if (_tiff.IsTiled()) ReadTiles(source, plane, width, height);
        else ReadLines(source, plane, width, height);
    }

    private void ReadLines(ImageSource source, Span<byte> plane, int width, int height)
    {
        byte[] line = new byte[_tiff.ScanlineSize()];
        for (int y = 0; y < height; y++)
        {
            Require(source, _tiff.ReadScanline(line, y));
            Take(line, plane.Slice(y * width, width));
        }
    }

    private void ReadTiles(ImageSource source, Span<byte> plane, int width, int height)
    {
        byte[] tile = new byte[_tiff.TileSize()];
        int across = Field(_tiff, TiffTag.TILEWIDTH, 0), down = Field(_tiff, TiffTag.TILELENGTH, 0);
        for (int top = 0; top < height; top += down)
            for (int left = 0; left < width; left += across)
            {
                Require(source, _tiff.ReadTile(tile, 0, left, top, 0, 0) >= 0);
                for (int y = top; y < Math.Min(top + down, height); y++)
                    Take(tile.AsSpan((y - top) * _tiff.TileRowSize()),
                        plane.Slice(y * width + left, Math.Min(across, width - left)));
            }
    }

    /// <summary>Samples of one row, those of 16 bits (in the machine's order) rounded to 8.</summary>
    private void Take(ReadOnlySpan<byte> samples, Span<byte> row)
    {
        int step = _bytes * (_isPlanar ? 1 : Parts);
        for (int x = 0; x < row.Length; x++)
        {
            int value = _bytes == 1 ? samples[x * step] : (BitConverter.ToUInt16(samples[(x * step)..]) + 128) / 257;
            row[x] = (byte)(_isInverted ? byte.MaxValue - value : value);
        }
    }

    private static void Require(ImageSource source, bool isRead)
    {
        if (!isRead) throw source.Error("is cut off, damaged or of a kind of TIFF that cannot be read.");
    }
}
