using System.Runtime.InteropServices;
using System.Text;

namespace Fovea.Export.Native;

/// <summary>A file of ONNX with one input and one output of scores, ready to be run on the CPU.</summary>
internal sealed class OnnxSession : IDisposable
{
    private const int AllOptimizations = 99, FloatType = 1, ByteType = 2;

    private readonly OnnxRuntimeLibrary _library;
    private readonly nint _session;
    private readonly Run _run;
    private readonly CreateTensor _createTensor;
    private readonly OnnxRuntimeLibrary.Release _releaseValue;
    private readonly byte[] _input, _output;

    private OnnxSession(OnnxRuntimeLibrary library, nint session)
    {
        (_library, _session) = (library, session);
        _run = library.Function<Run>(9);
        _createTensor = library.Function<CreateTensor>(49);
        _releaseValue = library.Function<OnnxRuntimeLibrary.Release>(96);
        try
        {
            if ((Count(30), Count(31)) is not (1, 1))
                throw new OnnxRuntimeException($"it has {Count(30)} inputs and {Count(31)} outputs, not one of each");
            _input = Encoding.UTF8.GetBytes(NameOf(36) + '\0');
            _output = Encoding.UTF8.GetBytes(NameOf(37) + '\0');
            (InputType, InputSizes) = Port(33);
            (int outputType, OutputSizes) = Port(34);
            if (outputType != FloatType) throw new OnnxRuntimeException("its output is not float32");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private delegate nint Get(nint of, out nint result);

    private delegate nint GetSize(nint of, out nuint result);

    private delegate nint GetNumber(nint of, out int result);

    private delegate nint GetSizes(nint of, [Out] long[] sizes, nuint count);

    private delegate nint GetNth(nint of, nuint index, out nint result);

    private delegate nint GetName(nint of, nuint index, nint allocator, out nint result);

    private delegate nint LookUp(nint of, nint allocator, [MarshalAs(UnmanagedType.LPUTF8Str)] string key,
        out nint result);

    private delegate nint Free(nint allocator, nint memory);

    private delegate nint SetNumber(nint of, int value);

    private delegate nint CreateSession(nint environment, nint path, nint options, out nint result);

    private delegate nint CreateTensor(nint memory, nint data, nuint bytes, long[] sizes, nuint rank, int type,
        out nint result);

    private delegate nint Run(nint session, nint options, nint[] inputNames, nint[] inputs, nuint inputCount,
        nint[] outputNames, nuint outputCount, [In, Out] nint[] outputs);

    /// <summary>The input takes bytes; otherwise float32.</summary>
    public bool TakesBytes => InputType == ByteType;

    /// <summary>Sizes of the input; -1 for an open one.</summary>
    public IReadOnlyList<long> InputSizes { get; }

    /// <summary>Sizes of the output; -1 for an open one.</summary>
    public IReadOnlyList<long> OutputSizes { get; }

    private int InputType { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="library">The runtime.</param>
    /// <param name="path">The file.</param>
    /// <param name="threads">Threads that compute; null: the runtime's own choice.</param>
    /// <exception cref="CheckpointException">The runtime cannot read it, or it has other inputs and outputs than one
    /// of each.</exception>
    public static OnnxSession Open(OnnxRuntimeLibrary library, string path, int? threads)
    {
        nint options = 0, text = 0;
        try
        {
            library.Require(library.Function<OnnxRuntimeLibrary.Create>(10)(out options));
            library.Require(library.Function<SetNumber>(23)(options, AllOptimizations));
            if (threads is int number) library.Require(library.Function<SetNumber>(24)(options, number));
            string full = Path.GetFullPath(path);
            text = OperatingSystem.IsWindows() ? Marshal.StringToCoTaskMemUni(full)
                : Marshal.StringToCoTaskMemUTF8(full);
            library.Require(library.Function<CreateSession>(7)(library.Environment, text, options, out nint session));
            return new OnnxSession(library, session);
        }
        catch (OnnxRuntimeException error)
        {
            throw new CheckpointException($"{path}: ONNX Runtime {library.Version} cannot use it: {error.Message}.",
                error);
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
            if (options != 0) library.Function<OnnxRuntimeLibrary.Release>(100)(options);
        }
    }

    /// <summary>The file's metadata under a key; null: it has none.</summary>
    public string? Metadata(string key)
    {
        _library.Require(_library.Function<Get>(111)(_session, out nint metadata));
        try
        {
            _library.Require(_library.Function<LookUp>(116)(metadata, _library.Allocator, key, out nint value));
            return value == 0 ? null : Taken(value);
        }
        finally
        {
            _library.Function<OnnxRuntimeLibrary.Release>(118)(metadata);
        }
    }

    /// <summary>The output for an input of float32 or bytes.</summary>
    /// <exception cref="OnnxRuntimeException">The runtime refused it.</exception>
    public float[] Infer<T>(ArraySegment<T> values, params long[] sizes) where T : unmanaged
    {
        int width = Marshal.SizeOf<T>();
        GCHandle pinned = GCHandle.Alloc(values.Array, GCHandleType.Pinned),
            input = GCHandle.Alloc(_input, GCHandleType.Pinned), output = GCHandle.Alloc(_output, GCHandleType.Pinned);
        nint tensor = 0;
        nint[] results = [0];
        try
        {
            _library.Require(_createTensor(_library.Memory, pinned.AddrOfPinnedObject() + values.Offset * width,
                (nuint)(values.Count * width), sizes, (nuint)sizes.Length, width == 1 ? ByteType : FloatType,
                out tensor));
            _library.Require(_run(_session, 0, [input.AddrOfPinnedObject()], [tensor], 1,
                [output.AddrOfPinnedObject()], 1, results));
            _library.Require(_library.Function<Get>(65)(results[0], out nint shape));
            nuint count;
            try
            {
                _library.Require(_library.Function<GetSize>(64)(shape, out count));
            }
            finally
            {
                _library.Function<OnnxRuntimeLibrary.Release>(99)(shape);
            }

            _library.Require(_library.Function<Get>(51)(results[0], out nint data));
            float[] scores = new float[count];
            Marshal.Copy(data, scores, 0, scores.Length);
            return scores;
        }
        finally
        {
            if (tensor != 0) _releaseValue(tensor);
            if (results[0] != 0) _releaseValue(results[0]);
            pinned.Free();
            input.Free();
            output.Free();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _library.Function<OnnxRuntimeLibrary.Release>(95)(_session);

    private int Count(int place)
    {
        _library.Require(_library.Function<GetSize>(place)(_session, out nuint count));
        return (int)count;
    }

    private string NameOf(int place)
    {
        _library.Require(_library.Function<GetName>(place)(_session, 0, _library.Allocator, out nint name));
        return Taken(name);
    }

    /// <summary>A text that the caller has to give back.</summary>
    private string Taken(nint text)
    {
        string copy = Marshal.PtrToStringUTF8(text) ?? "";
        _library.Require(_library.Function<Free>(76)(_library.Allocator, text));
        return copy;
    }

    private (int Type, long[] Sizes) Port(int place)
    {
        _library.Require(_library.Function<GetNth>(place)(_session, 0, out nint type));
        try
        {
            _library.Require(_library.Function<Get>(55)(type, out nint tensor));
            if (tensor == 0) throw new OnnxRuntimeException("its input or output is no tensor");
            _library.Require(_library.Function<GetNumber>(60)(tensor, out int element));
            _library.Require(_library.Function<GetSize>(61)(tensor, out nuint rank));
            long[] sizes = new long[rank];
            _library.Require(_library.Function<GetSizes>(62)(tensor, sizes, rank));
            return (element, sizes);
        }
        finally
        {
            _library.Function<OnnxRuntimeLibrary.Release>(98)(type);
        }
    }
}
