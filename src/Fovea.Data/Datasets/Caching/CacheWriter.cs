using System.Runtime.InteropServices;
using Fovea.Core.Files;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Datasets.Caching;

/// <summary>Makes a cache: decodes on all cores, resizes, and writes in order. The file gets its name when it is
/// complete.</summary>
internal static class CacheWriter
{
    private const int Ahead = 64;   // images in memory at once

    /// <summary>Writes a cache of some images of a store. Those that cannot be read are left out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="store">The images.</param>
    /// <param name="entries">Which of them.</param>
    /// <param name="key">What they are.</param>
    /// <param name="options">Their size, and who is told.</param>
    /// <exception cref="DataException">The file cannot be written; nothing of it stays.</exception>
    /// <exception cref="OperationCanceledException">Somebody asked for it; nothing of it stays.</exception>
    public static void Write(string path, IImageStore store, int[] entries, byte[] key, CacheOptions options)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder) Directory.CreateDirectory(folder);
            AtomicFile.Write(path, file => WriteAll(file, store, entries, key, options));
        }
        catch (Exception error) when (error is CheckpointException or IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: the cache could not be made: {error.Message}", error);
        }
    }

    private static void WriteAll(Stream file, IImageStore store, int[] entries, byte[] key, CacheOptions options)
    {
        CacheEntry[] index = new CacheEntry[store.Entries.Count];
        file.Position = CacheHeader.Size + (long)index.Length * CacheEntry.Size;
        RawImage?[] images = new RawImage?[Ahead];
        for (int done = 0; done < entries.Length; done += Ahead)
        {
            int count = Math.Min(Ahead, entries.Length - done);
            ReadAll(store, entries.AsMemory(done, count), images, options);
            for (int i = 0; i < count; i++)
            {
                if (images[i] is not RawImage image || image.Channels == 0) continue;
                index[entries[done + i]] = new(file.Position, image.Height, image.Width, image.Channels,
                    Crc32C.Of(image.Pixels));
                file.Write(image.Pixels);
            }

            options.Report?.Invoke(done + count, entries.Length);
        }

        long length = file.Position;
        ReadOnlySpan<byte> records = MemoryMarshal.AsBytes<CacheEntry>(index);
        file.Position = 0;
        file.Write(new CacheHeader(options.Side, index.Length, Crc32C.Of(records), length, key).ToBytes());
        file.Write(records);
    }

    /// <summary>Reads a few images; those that cannot be read come empty.</summary>
    private static void ReadAll(IImageStore store, ReadOnlyMemory<int> entries, RawImage?[] images,
        CacheOptions options)
    {
        Resize resize = new(options.Side);
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = Environment.ProcessorCount,
            CancellationToken = options.Stop
        };
        Parallel.For(0, entries.Length, parallel, () => new ImageScratch(), (i, _, scratch) =>
        {
            RawImage image = images[i] ??= new RawImage();
            try
            {
                // Large photographs come shrunk, as they do for the same resize without a cache.
                store.Decode(entries.Span[i], image, DecodeOptions.Default with { LeastSide = 2 * options.Side });
                if (Math.Min(image.Height, image.Width) > options.Side) resize.Apply(image, default, scratch);
            }
            catch (DataException)
            {
                images[i] = null;
            }

            return scratch;
        }, _ => { });
    }
}
