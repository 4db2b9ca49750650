using System.Runtime.InteropServices;
using Fovea.Lab.Studies;

namespace Fovea.Cli.Commands;

/// <summary>Stops the cells of a study with the study itself (Ctrl-Z, SIGTSTP), and lets them go on with it
/// (SIGCONT).</summary>
internal sealed class StudyPause : IDisposable
{
    private readonly CellProcess _cells;
    private readonly StudyStatusWriter _status;
    private readonly PosixSignalRegistration[] _registrations;

    public StudyPause(CellProcess cells, StudyStatusWriter status)
    {
        _cells = cells;
        _status = status;
        _registrations = OperatingSystem.IsWindows() ? []
            : [PosixSignalRegistration.Create(PosixSignal.SIGTSTP, _ => Pause(true)),
                PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Pause(false))];
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private void Pause(bool paused)
    {
        _cells.Signal(paused ? "STOP" : "CONT");
        _status.Pause(paused);
    }
}
