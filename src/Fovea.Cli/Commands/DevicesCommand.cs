using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Tensors;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea devices</c>: where this machine can compute.</summary>
internal static class DevicesCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("devices", "List what this machine can compute on, and what to install for the rest.")
        {
            json,
        };
        command.SetAction(parsed =>
        {
            IReadOnlyList<DeviceDescription> devices = Device.Describe();
            if (parsed.GetValue(json)) terminal.Output.Document(new { Devices = devices });
            else Print(terminal, devices);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, IReadOnlyList<DeviceDescription> devices)
    {
        Tables table = Tables.Create("device", ">memory", "version", "~notes");
        foreach (DeviceDescription device in devices)
        {
            string text = device.Remedy is string remedy ? $"{device.Detail.TrimEnd('.')}. {remedy}" : device.Detail;
            table.AddRow(Cell.Name(device.Name),
                new Cell(device.Memory is long memory ? ByteSize.Text(memory) : ""), new Cell(device.Version ?? ""),
                new Cell(device.IsThere ? text : $"not here: {text}"));
        }

        terminal.Console.Write(table);
    }
}
