using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Fovea.Torch.Native;

/// <summary>An operator of ATen by name, its names kept as C strings for the life of the process.</summary>
internal sealed unsafe class AtenOperator
{
    private static readonly ConcurrentDictionary<string, AtenOperator> Known = [];

    /// <param name="name">For example <c>sum.dim_IntList</c>: the operator and, behind a point, its overload.</param>
    private AtenOperator(string name)
    {
        Display = name;
        string[] parts = name.Split('.', 2);
        Name = (byte*)Marshal.StringToCoTaskMemUTF8("aten::" + parts[0]);
        Overload = (byte*)Marshal.StringToCoTaskMemUTF8(parts.Length > 1 ? parts[1] : "");
    }

    /// <summary>The name for messages.</summary>
    public string Display { get; }

    public byte* Name { get; }

    public byte* Overload { get; }

    public static implicit operator AtenOperator(string name) =>
        Known.GetOrAdd(name, static known => new(known));
}
