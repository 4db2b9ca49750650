using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>Writes out, in all that a console renders, the characters that would steer the terminal.</summary>
internal sealed class PrintableText : IRenderHook
{
    /// <inheritdoc/>
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(one => one is ControlCode ? one : new Safe(one));

    private sealed class Safe(IRenderable inner) : Renderable
    {
        protected override Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner.Render(options, maxWidth).Select(segment => segment.IsControlCode || segment.IsLineBreak ? segment
                : new Segment(Printable.Lines(segment.Text), segment.Style));
    }
}
