using Fovea.Cli;

using Interrupts interrupts = new();
return CommandLine.Run(args, Terminal.OfProcess(), interrupts.Token);
