using Fovea.Cli;
using Fovea.Cli.Display;

using Interrupts interrupts = new();
Terminal terminal = Terminal.OfProcess();
return terminal.Conclude(CommandLine.Run(args, terminal, interrupts.Token));
