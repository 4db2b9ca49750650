using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Fovea.Core.Formats;

namespace Fovea.Data.Datasets.Splits;

/// <summary>Digest of what a part lists, in a few bytes: equal where it has the same images, by name, in the same
/// classes, in whatever order. What the images show is not looked at.</summary>
/// <param name="Count">Number of images.</param>
/// <param name="Digest">Sum of a hash of each image's name and class.</param>
public sealed record PartListing(int Count, string Digest)
{
    /// <summary>The listing of a part.</summary>
    public static PartListing Of(IImageDataset part)
    {
        UInt128 sum = 0;
        Span<byte> label = stackalloc byte[sizeof(int)];
        for (int i = 0; i < part.Count; i++)
        {
            XxHash128 hash = new();
            BinaryPrimitives.WriteInt32LittleEndian(label, part.Label(i));
            hash.Append(label);
            if (part.NameOf(i) is string name) hash.Append(Encoding.UTF8.GetBytes(CanonicalText.Compose(name)));
            sum = unchecked(sum + hash.GetCurrentHashAsUInt128());
        }

        return new(part.Count, sum.ToString("x32", System.Globalization.CultureInfo.InvariantCulture));
    }
}
