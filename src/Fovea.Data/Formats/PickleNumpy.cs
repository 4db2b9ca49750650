namespace Fovea.Data.Formats;

/// <summary>The three things of numpy that an array in a pickle refers to; no other class or function is known.</summary>
internal enum PickleNumpy
{
    Reconstruct,
    Array,
    Type,
}

internal static class PickleNumpyMembers
{
    extension(PickleNumpy)
    {
        /// <summary>The member of a name in a pickle.</summary>
        public static PickleNumpy Find(string module, string name, string path, int at) => (module, name) switch
        {
            ("numpy.core.multiarray" or "numpy._core.multiarray", "_reconstruct") => PickleNumpy.Reconstruct,
            ("numpy", "ndarray") => PickleNumpy.Array,
            ("numpy", "dtype") => PickleNumpy.Type,
            _ => throw new DataException($"{path}: the pickle asks for '{module}.{name}' (offset {at}), but only numpy arrays are read; " +
                "nothing was executed. Do not trust this file."),
        };

        /// <summary>What a call gives, or null if it is not one of the two that describe arrays.</summary>
        public static object? Make(PickleNumpy function, object?[] arguments) => (function, arguments) switch
        {
            (PickleNumpy.Reconstruct, [PickleNumpy.Array, ..]) => new NumpyArray(),
            (PickleNumpy.Type, [PickleText code, ..]) => new NumpyType(code.ToString()),
            _ => null,
        };
    }
}
