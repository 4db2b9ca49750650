using Fovea.Cli;
using Fovea.Cli.Commands;
using Fovea.Cli.Display;
using Fovea.Cli.Signals;
using Fovea.Core.Collectives;

// Open MPI gives the ranks a terminal, where nobody watches: nothing is redrawn, and .NET writes no signs to it.
if (Launcher.Current is not null) Environment.SetEnvironmentVariable("TERM", "dumb");
StandardStreams.Secure();
using Interrupts interrupts = new();
Terminal terminal = Terminal.OfProcess();
return terminal.Conclude(CommandLine.Run(args, terminal, interrupts.Token), ExitCode.Failure);
