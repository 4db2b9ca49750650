namespace Fovea.Tensors;

/// <summary>
/// Four walks through a grid of tokens: by rows forwards, by rows backwards, by columns forwards, by columns backwards.
/// Tokens before the grid have no place in it: each walk begins with them, where they only write, and ends with them,
/// where they only read. So all positions see them, and they see all positions.
/// </summary>
/// <param name="Prefix">Tokens before the grid.</param>
/// <param name="Grid">Rows and columns.</param>
public readonly record struct GridScan(int Prefix, GridLevel Grid)
{
    /// <summary>Number of walks.</summary>
    public const int Count = 4;

    /// <summary>Tokens of a sequence.</summary>
    public int Tokens => Prefix + Grid.Count;

    /// <summary>Steps of one walk.</summary>
    public int Steps => 2 * Prefix + Grid.Count;

    /// <summary>Whether a step changes the state; the last ones only read it.</summary>
    public bool Writes(int step) => step < Tokens;

    /// <summary>Whether a step reads the state; the first ones only write it.</summary>
    public bool Reads(int step) => step >= Prefix;

    /// <summary>The token of each step.</summary>
    /// <param name="walk">0 to 3.</param>
    public int[] Order(int walk)
    {
        int[] order = new int[Steps];
        for (int token = 0; token < Prefix; token++) order[token] = order[Tokens + token] = token;
        for (int i = 0; i < Grid.Count; i++)
        {
            int along = walk % 2 == 0 ? i : Grid.Count - 1 - i;
            order[Prefix + i] = Prefix + (walk < 2 ? along
                : along % Grid.Rows * Grid.Columns + along / Grid.Rows);
        }

        return order;
    }

    /// <summary>The step at which each token writes, or reads.</summary>
    /// <param name="walk">0 to 3.</param>
    /// <param name="reading">Where it reads.</param>
    public int[] StepOf(int walk, bool reading)
    {
        int[] order = Order(walk), steps = new int[Tokens];
        for (int step = 0; step < Steps; step++)
            if (reading ? Reads(step) : Writes(step)) steps[order[step]] = step;
        return steps;
    }
}
