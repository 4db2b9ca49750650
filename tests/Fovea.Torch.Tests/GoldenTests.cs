using System.Reflection;
using Fovea.Tensors.Tests;
using Fovea.Vision.Tests.Attention;
using Fovea.Vision.Tests.Models.Residual;

namespace Fovea.Torch.Tests;

/// <summary>The golden cases that other tests compare the CPU device with, on PyTorch's library.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTests
{
    private const string DeviceName = "deviceName", Usual = "cpu";

    private static readonly Type[] Tests =
    [
        typeof(GoldenOperatorTests), typeof(AttentionGoldenTests), typeof(KernelAttentionGoldenTests),
        typeof(DeformableAttentionTests), typeof(ResNetGoldenTests),
    ];

    /// <summary>Class, method and its arguments but the device.</summary>
    public static TheoryData<string, string, string> Cases()
    {
        TheoryData<string, string, string> data = [];
        foreach (Type type in Tests)
            foreach (MethodInfo method in type.GetMethods().Where(TakesDevice))
                foreach (object?[] row in Rows(method).Where(row => row.Contains(Usual)))
                    data.Add(type.Name, method.Name, string.Join('|', row.Where(value => !Usual.Equals(value))));
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_golden_case_agrees(string type, string method, string arguments)
    {
        _ = Support.Torch.Device;
        Type declaring = Tests.Single(test => test.Name == type);
        MethodInfo called = declaring.GetMethod(method)!;
        Queue<string> rest = new(arguments.Split('|', StringSplitOptions.RemoveEmptyEntries));
        object?[] values = [.. called.GetParameters()
            .Select(parameter => parameter.Name == DeviceName ? Support.Torch.Name : (object)rest.Dequeue())];

        called.Invoke(Activator.CreateInstance(declaring), BindingFlags.DoNotWrapExceptions, null, values, null);
    }

    [Fact]
    public void There_are_cases_of_every_class() =>
        Assert.Equal(Tests.Length, Cases().Select(row => row.Data.Item1).Distinct().Count());

    private static bool TakesDevice(MethodInfo method) =>
        method.GetParameters().Any(parameter => parameter.Name == DeviceName);

    private static IEnumerable<object?[]> Rows(MethodInfo method)
    {
        foreach (InlineDataAttribute inline in method.GetCustomAttributes<InlineDataAttribute>())
            yield return inline.Data;
        foreach (MemberDataAttribute member in method.GetCustomAttributes<MemberDataAttribute>())
        {
            MemberInfo source = method.DeclaringType!.GetMember(member.MemberName).Single();
            object? rows = source is PropertyInfo property ? property.GetValue(null)
                : ((MethodInfo)source).Invoke(null, null);
            foreach (ITheoryDataRow row in ((IEnumerable<ITheoryDataRow>)rows!)) yield return row.GetData();
        }
    }
}
