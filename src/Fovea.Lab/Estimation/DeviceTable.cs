using System.Globalization;
using Fovea.Core.Formats;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fovea.Lab.Estimation;

/// <summary>Devices from a YAML file like the built-in <c>devices.yaml</c>: a list of mappings.</summary>
public static class DeviceTable
{
    private const int LargestFile = 1 << 20;

    private static readonly string[] Numbers = ["tflops", "exponentials", "bandwidth", "memory", "interconnect",
        "price", "efficiency", "convolutions", "element"];

    /// <summary>The built-in devices.</summary>
    public static IReadOnlyList<DeviceProfile> BuiltIn { get; } = Parse(BuiltInText, "devices.yaml");

    /// <summary>The built-in table as a text, to copy and edit.</summary>
    public static string BuiltInText
    {
        get
        {
            using StreamReader reader = new(typeof(DeviceTable).Assembly.GetManifestResourceStream("devices.yaml")!);
            return reader.ReadToEnd();
        }
    }

    /// <summary>Devices of a file.</summary>
    /// <exception cref="UsageException">It cannot be read, or a key or number is wrong: file, line and key.</exception>
    public static IReadOnlyList<DeviceProfile> Read(string path)
    {
        PlainFile.Require(path, "a device table");
        try
        {
            if (new FileInfo(path).Length > LargestFile)
                throw new UsageException($"{path}: larger than 1 MiB, so not a table of devices.");
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: cannot read the devices: {error.Message}");
        }
    }

    /// <summary>Devices of a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">Its name for messages.</param>
    /// <exception cref="UsageException">A key or number is wrong: source, line and key.</exception>
    public static IReadOnlyList<DeviceProfile> Parse(string yaml, string source)
    {
        try
        {
            YamlReader parser = new(yaml);
            parser.Consume<StreamStart>();
            parser.Consume<DocumentStart>();
            parser.Consume<SequenceStart>();
            List<DeviceProfile> devices = [];
            while (!parser.TryConsume<SequenceEnd>(out _)) devices.Add(ParseDevice(parser, source));
            return devices;
        }
        catch (YamlException error)
        {
            throw new UsageException(
                $"{source}, line {error.Start.Line}: expected a list of devices, each a list of 'key: value': "
                    + $"{error.Message}");
        }
    }

    private static DeviceProfile ParseDevice(YamlReader parser, string source)
    {
        string? name = null;
        Dictionary<string, double> values = [];
        long line = parser.Consume<MappingStart>().Start.Line;
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            Scalar key = parser.Consume<Scalar>();
            string text = parser.Consume<Scalar>().Value, where = $"{source}, line {key.Start.Line}: {key.Value}";
            if (key.Value == "name") name = text;
            else if (!Numbers.Contains(key.Value))
                throw new UsageException($"{where}: there is no such key{NearestName.Question(key.Value, Numbers)}");
            else if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                || !double.IsFinite(value) || value < 0 || (value == 0 && key.Value != "price"))
                throw new UsageException($"{where}: expected a number above 0, got '{text}'.");
            else values[key.Value] = value;
        }

        string? missing = name is null ? "name" : Numbers.FirstOrDefault(number => !values.ContainsKey(number));
        if (missing is not null) throw new UsageException($"{source}, line {line}: the device has no '{missing}'.");
        foreach (string share in new[] { "efficiency", "convolutions" })
            if (values[share] > 1) throw new UsageException(
                $"{source}, line {line}: {share} is a share of the peak, at most 1, got {values[share]}.");
        return new DeviceProfile(
            name!, values["tflops"], values["exponentials"], values["bandwidth"], values["memory"],
            values["interconnect"], values["price"], values["efficiency"],
            values["convolutions"], (int)values["element"]);
    }
}
