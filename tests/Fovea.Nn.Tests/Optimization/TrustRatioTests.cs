using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Optimization;

/// <summary>LAMB and LARS against their formulas, written down once more in double precision.</summary>
public sealed class TrustRatioTests
{
    private const double Rate = 0.02, Decay = 0.1, Factor = 0.5;
    private const int Steps = 6;
    private static readonly int[] Lengths = [5, 40, 1030, 70_000, 3];   // the last one does not decay

    [Theory]
    [InlineData("reference", false, false)]
    [InlineData("reference", true, true)]
    [InlineData("cpu", false, false)]
    [InlineData("cpu", true, false)]
    [InlineData("cpu", false, true)]
    public void Lamb_takes_the_steps_of_its_formula(string device, bool clipTrust, bool alwaysAdapt)
    {
        Bag module = Bag(TestDevice.Named(device));
        Optimizer optimizer = new Lamb(Groups(module), Rate, beta2: 0.99, clipTrust: clipTrust,
            alwaysAdapt: alwaysAdapt);
        double[][] p = Values(module), m = [.. Lengths.Select(n => new double[n])], v =
            [.. Lengths.Select(n => new double[n])];
        for (int t = 1; t <= Steps; t++)
        {
            double[][] g = Advance(optimizer, module, (ulong)t, scale: 0.25);
            for (int k = 0; k < p.Length; k++)
            {
                double decay = IsFree(k) ? 0 : Decay, rate = Rate * (IsFree(k) ? 1 : Factor);
                double[] u = new double[p[k].Length];
                for (int i = 0; i < u.Length; i++)
                {
                    m[k][i] = 0.9 * m[k][i] + 0.1 * g[k][i];
                    v[k][i] = 0.99 * v[k][i] + 0.01 * g[k][i] * g[k][i];
                    u[i] = m[k][i] / (1 - Math.Pow(0.9, t))
                        / (Math.Sqrt(v[k][i] / (1 - Math.Pow(0.99, t))) + 1e-6) + decay * p[k][i];
                }

                double ratio = !IsFree(k) || alwaysAdapt ? Length(p[k]) / Length(u) : 1;
                if (clipTrust) ratio = Math.Min(ratio, 1);
                for (int i = 0; i < u.Length; i++) p[k][i] -= rate * ratio * u[i];
            }
        }

        AssertNear(p, Values(module));
    }

    [Theory]
    [InlineData("reference", false, false, false)]
    [InlineData("reference", true, true, true)]
    [InlineData("cpu", false, false, false)]
    [InlineData("cpu", true, false, false)]
    [InlineData("cpu", false, true, false)]
    [InlineData("cpu", false, false, true)]
    public void Lars_takes_the_steps_of_its_formula(string device, bool nesterov, bool clipTrust, bool alwaysAdapt)
    {
        const double Trust = 0.01;
        Bag module = Bag(TestDevice.Named(device));
        Optimizer optimizer = new Lars(Groups(module), Rate, 0.9, nesterov, Trust, clipTrust: clipTrust,
            alwaysAdapt: alwaysAdapt);
        double[][] p = Values(module), m = new double[p.Length][];
        for (int t = 1; t <= Steps; t++)
        {
            double[][] g = Advance(optimizer, module, (ulong)t, scale: 0.25);
            for (int k = 0; k < p.Length; k++)
            {
                bool isAdapted = !IsFree(k) || alwaysAdapt;
                double decay = IsFree(k) ? 0 : Decay, rate = Rate * (IsFree(k) ? 1 : Factor);
                double ratio = isAdapted ? Trust * Length(p[k]) / (Length(g[k]) + decay * Length(p[k]) + 1e-8) : 1;
                if (isAdapted && clipTrust) ratio = Math.Min(ratio / rate, 1);
                double[] step = [.. g[k].Select((value, i) => ratio * (value + decay * p[k][i]))];
                m[k] = m[k] is { } old ? [.. old.Select((value, i) => 0.9 * value + step[i])] : step;
                for (int i = 0; i < step.Length; i++)
                    p[k][i] -= rate * (nesterov ? step[i] + 0.9 * m[k][i] : m[k][i]);
            }
        }

        AssertNear(p, Values(module));
    }

    /// <summary>Without a length there is nothing to scale by: the step is Adam's, or the plain one.</summary>
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void A_parameter_of_zeros_takes_a_step_that_is_not_scaled(string device)
    {
        float[] lamb = OneStep(device, groups => new Lamb(groups, 0.1), weight: 0, gradient: 2);
        float[] lars = OneStep(device, groups => new Lars(groups, 0.1), weight: 0, gradient: 2);

        Assert.All(lamb, value => Assert.Equal(-0.1f, value, 1e-6f));
        Assert.All(lars, value => Assert.Equal(-0.2f, value, 1e-6f));
    }

    /// <summary>Without a gradient LAMB changes by the decay alone, whose length is that of the parameter; LARS decays
    /// as plain SGD does.</summary>
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void A_gradient_of_zeros_leaves_the_decay(string device)
    {
        float[] lamb = OneStep(device, groups => new Lamb(groups, 0.1), weight: 3, gradient: 0);
        float[] lars = OneStep(device, groups => new Lars(groups, 0.1), weight: 3, gradient: 0);
        float[] still = OneStep(device, groups => new Lamb(groups, 0.1, alwaysAdapt: true), 3, 0, decay: 0);

        Assert.All(lamb, value => Assert.Equal(3 - 0.1f * 3, value, 1e-6f));
        Assert.All(lars, value => Assert.Equal(3 - 0.1f * (float)Decay * 3, value, 1e-6f));
        Assert.All(still, value => Assert.Equal(3, value));
    }

    [Theory]
    [InlineData("lamb")]
    [InlineData("lars")]
    public void Frozen_parameters_have_no_part_in_it(string kind)
    {
        Bag module = Bag(TestDevice.Named("cpu"));
        module.NamedParameters().First().Parameter.Trainable = false;
        double[][] before = Values(module);
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(module, Decay);
        Optimizer optimizer = kind == "lamb" ? new Lamb(groups, Rate) : new Lars(groups, Rate, 0.9);
        Advance(optimizer, module, 1, 1);

        Assert.Equal(before[0], Values(module)[0]);
        Assert.NotEqual(before[1], Values(module)[1]);
        Assert.DoesNotContain(optimizer.Scalars(), entry => entry.Name == "steps.p0");
    }

    /// <summary>Sums of squares are cut alike whoever adds the parts.</summary>
    [Theory]
    [InlineData("lamb")]
    [InlineData("lars")]
    public void The_bits_do_not_depend_on_the_threads(string kind)
    {
        double[][] Run(int threads)
        {
            Bag module = Bag(Device.Open("cpu", threads));
            Optimizer optimizer = kind == "lamb" ? new Lamb(Groups(module), Rate)
                : new Lars(Groups(module), Rate, 0.9, alwaysAdapt: true);
            for (int t = 1; t <= 3; t++) Advance(optimizer, module, (ulong)t, 0.5);
            return Values(module);
        }

        double[][] one = Run(1);
        Assert.Equal(one, Run(2));
        Assert.Equal(one, Run(3));
    }

    private static bool IsFree(int parameter) => parameter == Lengths.Length - 1;

    private static Bag Bag(Device device)
    {
        Bag module = new();
        for (int k = 0; k < Lengths.Length; k++)
            module.Add(new Parameter($"p{k}", [Lengths[k]], Init.Zeros, decay: !IsFree(k)));
        module.Allocate(device);
        int number = 0;
        foreach ((_, Parameter parameter) in module.NamedParameters())
            parameter.Value.CopyFrom(TestTensors.Normal(parameter.Shape, Device.Reference, (ulong)(100 + number++))
                .ToArray());
        return module;
    }

    private static ParameterGroup[] Groups(Bag module)
    {
        (string, Parameter)[] all = [.. module.NamedParameters()];
        return [new("decay", all[..^1], Decay, Factor), new("no-decay", all[^1..])];
    }

    /// <summary>A step with random gradients; returns them, scaled.</summary>
    private static double[][] Advance(Optimizer optimizer, Bag module, ulong step, double scale)
    {
        List<double[]> gradients = [];
        foreach ((_, Parameter parameter) in module.NamedParameters())
        {
            Tensor gradient = TestTensors.Normal(parameter.Shape, parameter.Value.Device, step * 7);
            if (parameter.Trainable) parameter.Push(gradient);
            gradients.Add(Array.ConvertAll(gradient.ToArray(), value => scale * value));
        }

        optimizer.Step(scale);
        optimizer.ZeroGradient();
        return [.. gradients];
    }

    private static float[] OneStep(string device, Func<IReadOnlyList<ParameterGroup>, Optimizer> create, float weight,
        float gradient, double decay = Decay)
    {
        Bag module = new();
        module.Add(new Parameter("p", [21], Init.Constant(weight)));
        module.Initialize(TestDevice.Named(device), 0);
        Optimizer optimizer = create([new("all", [.. module.NamedParameters()], decay)]);
        Parameter parameter = module.NamedParameters().Single().Parameter;
        parameter.Push(Tensor.Full([21], gradient, parameter.Value.Device));
        optimizer.Step();
        return parameter.Value.ToArray();
    }

    private static double[][] Values(Bag module) =>
        [.. module.NamedParameters()
            .Select(entry => Array.ConvertAll(entry.Parameter.Value.ToArray(), x => (double)x))];

    private static double Length(double[] x) => Math.Sqrt(x.Sum(value => value * value));

    private static void AssertNear(double[][] expected, double[][] shown)
    {
        for (int k = 0; k < expected.Length; k++)
            for (int i = 0; i < expected[k].Length; i++)
                Assert.InRange(shown[k][i] - expected[k][i], -2e-5, 2e-5);
    }
}
