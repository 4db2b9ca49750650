using Fovea.Lab.Studies;

namespace Fovea.Cli.Display;

/// <summary>Shows a study while it goes on.</summary>
internal interface IStudyDisplay : IStudyObserver
{
    /// <summary>Shows the study that <paramref name="run"/> carries out.</summary>
    void Show(Action run);
}
