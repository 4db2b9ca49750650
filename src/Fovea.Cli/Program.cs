using Fovea.Cli;
using Fovea.Cli.Commands;
using Fovea.Cli.Display;
using Fovea.Cli.Signals;

StandardStreams.Secure();
using Interrupts interrupts = new(ExitCode.Interrupted);
Terminal terminal = Terminal.OfProcess();
return terminal.Conclude(CommandLine.Run(args, terminal, interrupts.Token), ExitCode.Failure);
