using Fovea.Core.Files;
using Fovea.Plotting.Canvas;

namespace Fovea.Plotting;

/// <summary>Writes figures as files.</summary>
internal static class FigureFiles
{
    /// <summary>Writes <c>NAME.svg</c> and <c>NAME.png</c>; where asked for also <c>NAME-dark.svg</c> and
    /// <c>NAME-dark.png</c>.</summary>
    /// <exception cref="CheckpointException">A file could not be written; the previous one is as it was.</exception>
    public static void Write(string directory, string name, Figure figure, bool dark = false)
    {
        foreach (Theme theme in dark ? [Theme.Light, Theme.Dark] : (Theme[])[Theme.Light])
        {
            string path = Path.Combine(directory, theme == Theme.Dark ? name + "-dark" : name);
            AtomicFile.WriteText(path + ".svg", figure.ToSvg(theme));
            AtomicFile.Write(path + ".png", stream => stream.Write(figure.ToPng(theme)));
        }
    }
}
