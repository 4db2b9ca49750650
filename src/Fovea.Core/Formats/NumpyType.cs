namespace Fovea.Core.Formats;

/// <summary>A numpy dtype in a pickle, such as <c>u1</c>: bytes.</summary>
internal sealed class NumpyType(string code)
{
    /// <summary>True for unsigned bytes, the one type that pixels have. Byte order and alignment mean nothing for
    /// them.</summary>
    public bool IsByte => code is "u1" or "|u1";
}
