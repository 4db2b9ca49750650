using FsCheck;

namespace Fovea.Tests;

internal static class Properties
{
    /// <summary>Tries a property on 100 random inputs; throws with the smallest counterexample and its seed, and is
    /// silent otherwise.</summary>
    public static void Hold(this Property property) =>
        property.Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
}
