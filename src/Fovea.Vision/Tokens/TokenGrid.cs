namespace Fovea.Vision.Tokens;

/// <summary>Arrangement of a sequence of tokens over the image: first the prefix (class token and the like), then
/// patches row by row.</summary>
/// <param name="Prefix">Tokens before the patches.</param>
/// <param name="Rows">Rows of patches.</param>
/// <param name="Columns">Columns of patches.</param>
public readonly record struct TokenGrid(int Prefix, int Rows, int Columns)
{
    /// <summary>Number of patches.</summary>
    public int Patches => Rows * Columns;

    /// <summary>Number of all tokens.</summary>
    public int Tokens => Prefix + Patches;
}
