namespace Fovea.Plotting.Canvas;

/// <summary>The purpose of a colour. Drawings name inks; <see cref="Palette"/> has their colours by theme.</summary>
internal enum Ink
{
    /// <summary>The background.</summary>
    Ground,

    /// <summary>Titles and names.</summary>
    Text,

    /// <summary>Tick labels, axis labels, captions.</summary>
    Muted,

    /// <summary>Axis lines.</summary>
    Axis,

    /// <summary>Grid lines.</summary>
    Grid,

    /// <summary>First of the six colours of data.</summary>
    Series1,

    /// <summary>Second colour of data.</summary>
    Series2,

    /// <summary>Third colour of data.</summary>
    Series3,

    /// <summary>Fourth colour of data.</summary>
    Series4,

    /// <summary>Fifth colour of data.</summary>
    Series5,

    /// <summary>Sixth colour of data.</summary>
    Series6,

    /// <summary>A correct prediction.</summary>
    Correct,

    /// <summary>A wrong prediction.</summary>
    Wrong,
}
