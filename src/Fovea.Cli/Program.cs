using Fovea.Cli;
using Fovea.Cli.Display;

using Interrupts interrupts = new();
return CommandLine.Run(args, Terminal.OfProcess(), interrupts.Token);
