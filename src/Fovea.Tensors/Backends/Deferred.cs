namespace Fovea.Tensors;

/// <summary>Numbers on their way from a device.</summary>
public abstract class PendingNumbers
{
    /// <summary>Waits for them, once.</summary>
    /// <returns>The sources' numbers, one behind the other.</returns>
    public abstract float[] Wait();
}

/// <summary>
/// Sums of squares of all gradients, kept on a device that works behind calls, and what follows from them for the
/// update: nobody has to know them before it is called.
/// </summary>
/// <param name="Sums">Σ g² of each tensor.</param>
/// <param name="Count">Number of tensors.</param>
/// <param name="Divisor">One number: by what the update divides the gradients, 1 or, for clipping, more.</param>
/// <param name="Broken">One number: 1 where a sum of this step or of one before was not finite; the update is then left
/// out, so that the weights stay those before that step.</param>
public sealed record StepGuard(Storage Sums, int Count, Storage Divisor, Storage Broken)
{
    /// <summary>Gives the memory back to its device.</summary>
    public void Release()
    {
        foreach (Storage storage in (Storage[])[Sums, Divisor, Broken]) storage.Backend.Return(storage);
    }
}
