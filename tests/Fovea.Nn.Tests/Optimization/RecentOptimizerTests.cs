using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Optimization;

/// <summary>Lion, Adan, schedule-free AdamW, Muon and cautious steps against their papers' equations, written down once
/// more in double precision: over many steps, with a schedule, groups, weight decay and scaled gradients.</summary>
public sealed class RecentOptimizerTests
{
    private const double Decay = 0.1, Factor = 0.5, Scale = 0.25;
    private const int Steps = 25;
    private static readonly int[][] Shapes = [[6, 10], [12, 5], [8, 2, 3, 2], [1030], [7]];   // the last is free
    private static readonly string[] Kinds =
        ["lion", "adan", "schedule-free", "muon", "cautious adamw", "cautious lion", "cautious adan", "cautious muon"];

    public static TheoryData<string, string> OnDevices =>
        [.. Kinds.SelectMany(kind => new[] { ("reference", kind), ("cpu", kind) })];

    public static TheoryData<string> All => [.. Kinds];

    [Theory]
    [MemberData(nameof(OnDevices))]
    public void Many_steps_are_those_of_the_equations(string device, string kind)
    {
        Bag module = Bag(TestDevice.Named(device));
        Optimizer optimizer = Create(kind, Groups(module));
        Formula formula = new(kind, Values(module));
        for (int t = 1; t <= Steps; t++)
        {
            optimizer.LearningRate = RateAt(t);
            if (kind == "schedule-free") optimizer.Momentum = 0.5;   // x follows from y for one beta only
            formula.Step(RateAt(t), Advance(optimizer, module, (ulong)t));
        }

        AssertNear(formula.Trained, Values(module), device);
        using IDisposable? swap = optimizer.SwapIn();
        Assert.Equal(kind == "schedule-free", swap is not null);
        AssertNear(formula.Evaluated, Values(module), device);
    }

    /// <summary>Muon turns any matrix into one whose rows (or columns) are nearly orthonormal.</summary>
    [Theory]
    [InlineData(24, 24)]
    [InlineData(12, 40)]
    [InlineData(40, 12)]
    public void A_step_of_Muon_has_singular_values_near_1(int rows, int columns)
    {
        Bag module = new();
        module.Add(new Parameter("w", [rows, columns], Init.Zeros));
        module.Initialize(TestDevice.Named("cpu"), 0);
        Muon optimizer = new([new("all", [.. module.NamedParameters()])], 1, _ => true, scale: MuonScale.Original);
        Parameter parameter = module.NamedParameters().Single().Parameter;
        parameter.Push(TestTensors.Normal([rows, columns], parameter.Value.Device, 5));
        optimizer.Step(1e-6);   // its length does not count

        float[] step = parameter.Value.ToArray();
        double factor = Math.Sqrt(Math.Max(1, (double)rows / columns));
        double squares = step.Sum(value => (double)value * value) / (factor * factor) / Math.Min(rows, columns);
        Assert.InRange(squares, 0.5, 1.3);   // the mean of the squared singular values
        Assert.Equal(["w"], optimizer.Matrices);
    }

    [Fact]
    public void Muon_takes_hidden_matrices_and_leaves_the_rest_to_AdamW()
    {
        Bag module = new();
        module.Add(new Parameter("matrix", [6, 4], Init.Zeros));
        module.Add(new Parameter("kernel", [8, 3, 3, 3], Init.Zeros));
        module.Add(new Parameter("depthwise", [8, 1, 3, 3], Init.Zeros));
        module.Add(new Parameter("narrow", [3, 64], Init.Zeros));
        module.Add(new Parameter("long", [4, 4 * 129], Init.Zeros));
        module.Add(new Parameter("bias", [8], Init.Zeros, decay: false));
        module.Add(new Parameter("table", [16, 8], Init.Zeros, decay: false));
        module.Add(new Parameter("head", [6, 4], Init.Zeros));
        IReadOnlyList<ParameterGroup> groups = ParameterGroup.Default(module, 0.1);

        Muon optimizer = new(groups, 0.1, name => name != "head");

        Assert.Equal(["kernel", "matrix"], optimizer.Matrices.Order());
        long matrices = 24 + 216, all = groups.Sum(group => group.Parameters.Sum(one => one.Parameter.Shape.Elements));
        Assert.Equal(2 * all - matrices, optimizer.StateElements);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_bits_do_not_depend_on_the_threads(string kind)
    {
        double[][] Run(int threads)
        {
            Bag module = Bag(Device.Open("cpu", threads), [[96, 160], [70_000], [130, 40], [7]]);
            Optimizer optimizer = Create(kind, Groups(module));
            for (int t = 1; t <= 3; t++) Advance(optimizer, module, (ulong)t);
            return Values(module);
        }

        double[][] one = Run(1);
        Assert.Equal(one, Run(2));
        Assert.Equal(one, Run(3));
    }

    /// <summary>What a checkpoint of a schedule-free run has: weights to evaluate, and all to go on from.</summary>
    [Fact]
    public void Schedule_free_weights_are_swapped_without_a_trace_and_go_on_from_a_checkpoint_bit_for_bit()
    {
        Bag straight = Bag(TestDevice.Named("cpu")), resumed = Bag(TestDevice.Named("cpu"));
        ScheduleFreeAdamW one = new(Groups(straight), 0.01), two = new(Groups(resumed), 0.01);
        for (int t = 1; t <= 3; t++) Advance(one, straight, (ulong)t);
        double[][] trained = Values(straight);
        Dictionary<string, float[]> state, weights;
        using (one.SwapIn())
        {
            Assert.NotEqual(trained[0], Values(straight)[0]);
            Assert.Throws<InvalidOperationException>(one.SwapIn);
            Assert.Throws<InvalidOperationException>(() => one.Step());
            state = one.State().ToDictionary(entry => entry.Name, entry => entry.Value.ToArray());
            weights = straight.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value.ToArray());
        }

        Assert.Equal(trained, Values(straight));
        Assert.Contains("trained.p0", state.Keys);
        foreach ((string name, Parameter parameter) in resumed.NamedParameters())
            parameter.Value.CopyFrom(weights[name]);
        Dictionary<string, Shape> shapes = resumed.NamedParameters()
            .ToDictionary(one => one.Name, one => one.Parameter.Shape);
        two.Load(state.ToDictionary(entry => entry.Key,
            entry => Tensor.From(entry.Value, shapes[entry.Key.Split('.')[1]], TestDevice.Named("cpu"))),
            one.Scalars().ToDictionary());
        Assert.Equal(trained, Values(resumed));
        for (int t = 4; t <= 6; t++)
        {
            Advance(one, straight, (ulong)t);
            Advance(two, resumed, (ulong)t);
        }

        Assert.Equal(Values(straight), Values(resumed));
        using IDisposable first = one.SwapIn(), second = two.SwapIn();
        Assert.Equal(Values(straight), Values(resumed));
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        IReadOnlyList<ParameterGroup> groups = Groups(Bag(TestDevice.Named("cpu")));

        Assert.Throws<UsageException>(() => new Lion(groups, 0.1, beta1: 1));
        Assert.Throws<UsageException>(() => new Lion(groups, 0.1, beta2: -0.1));
        Assert.Throws<UsageException>(() => new Adan(groups, 0.1, beta1: 1));
        Assert.Throws<UsageException>(() => new Adan(groups, 0.1, beta2: 1));
        Assert.Throws<UsageException>(() => new Adan(groups, 0.1, beta3: 1));
        Assert.Throws<UsageException>(() => new Adan(groups, 0.1, epsilon: -1));
        Assert.Throws<UsageException>(() => new ScheduleFreeAdamW(groups, 0.1, beta1: 0));
        Assert.Throws<UsageException>(() => new ScheduleFreeAdamW(groups, 0.1, beta2: 1));
        Assert.Throws<UsageException>(() => new Muon(groups, 0.1, _ => true, momentum: 1));
        Assert.Throws<UsageException>(() => new Muon(groups, 0.1, _ => true, iterations: 0));
        Assert.Throws<UsageException>(() => new Muon(groups, 0.1, _ => true, beta2: 1));
    }

    private static double RateAt(int step) => 0.02 * Math.Min(1, step / 5.0) * (1 - 0.5 * step / Steps);

    private static Optimizer Create(string kind, IReadOnlyList<ParameterGroup> groups)
    {
        bool isCautious = kind.StartsWith("cautious", StringComparison.Ordinal);
        return kind.Replace("cautious ", "", StringComparison.Ordinal) switch
        {
            "lion" => new Lion(groups, 0.02, isCautious: isCautious),
            "adan" => new Adan(groups, 0.02, isCautious: isCautious),
            "muon" => new Muon(groups, 0.02, name => name != "p1", nesterov: !isCautious,
                scale: isCautious ? MuonScale.Original : MuonScale.MatchRms, isCautious: isCautious),
            "adamw" => new AdamW(groups, 0.02, beta2: 0.99, isCautious: true),
            _ => new ScheduleFreeAdamW(groups, 0.02, beta2: 0.99),
        };
    }

    private static Bag Bag(Device device, int[][]? shapes = null)
    {
        shapes ??= Shapes;
        Bag module = new();
        for (int k = 0; k < shapes.Length; k++)
            module.Add(new Parameter($"p{k}", Shape.Create(shapes[k]), Init.Zeros, decay: k < shapes.Length - 1));
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
    private static double[][] Advance(Optimizer optimizer, Bag module, ulong step)
    {
        List<double[]> gradients = [];
        foreach ((_, Parameter parameter) in module.NamedParameters())
        {
            Tensor gradient = TestTensors.Normal(parameter.Shape, parameter.Value.Device, step * 7);
            parameter.Push(gradient);
            gradients.Add(Array.ConvertAll(gradient.ToArray(), value => Scale * value));
        }

        optimizer.Step(Scale);
        optimizer.ZeroGradient();
        return [.. gradients];
    }

    private static double[][] Values(Bag module) =>
        [.. module.NamedParameters()
            .Select(entry => Array.ConvertAll(entry.Parameter.Value.ToArray(), x => (double)x))];

    private static void AssertNear(double[][] expected, double[][] shown, string device)
    {
        double allowed = device == "reference" ? 1e-6 : 1e-4;   // of numbers near 1
        for (int k = 0; k < expected.Length; k++)
            for (int i = 0; i < expected[k].Length; i++)
                Assert.InRange(shown[k][i] - expected[k][i], -allowed, allowed);
    }

    /// <summary>The equations.</summary>
    private sealed class Formula(string kind, double[][] start)
    {
        private readonly double[][] _m = Zeros(start), _v = Zeros(start), _n = Zeros(start), _before = Zeros(start),
            _x = Copy(start), _z = Copy(start);
        private readonly bool _isCautious = kind.StartsWith("cautious", StringComparison.Ordinal);
        private readonly string _rule = kind.Replace("cautious ", "", StringComparison.Ordinal);
        private double _weights, _largest;
        private int _t;

        public double[][] Trained { get; } = Copy(start);

        public double[][] Evaluated => _rule == "schedule-free" ? _x : Trained;

        public void Step(double rate, double[][] gradients)
        {
            _t++;
            double share = 0;
            if (_rule == "schedule-free")
            {
                _largest = Math.Max(_largest, rate * Math.Sqrt(1 - Math.Pow(0.99, _t)));
                _weights += _largest * _largest;
                share = _largest * _largest / _weights;
            }

            for (int k = 0; k < Trained.Length; k++)
            {
                bool isFree = k == Trained.Length - 1;
                double lr = rate * (isFree ? 1 : Factor), decay = isFree ? 0 : Decay;
                if (_rule == "schedule-free") ScheduleFree(k, lr, decay, share, gradients[k]);
                else Change(k, lr, decay, gradients[k]);
            }
        }

        private void Change(int k, double lr, double decay, double[] g)
        {
            double[] p = Trained[k], u = _rule switch
            {
                "lion" => Lion(k, g),
                "adan" => Adan(k, g),
                "muon" when k is 0 or 2 => Muon(k, g),
                _ => Adam(k, g, _rule == "muon" ? 0.95 : 0.99),
            };
            if (_isCautious)
            {
                double agreeing = Enumerable.Range(0, g.Length).Count(i => u[i] * g[i] > 0) / (double)g.Length;
                u = [.. u.Select((value, i) => value * g[i] > 0 ? value / Math.Max(agreeing, 1e-3) : 0)];
            }

            for (int i = 0; i < p.Length; i++)
                p[i] = _rule == "adan" ? (p[i] - lr * u[i]) / (1 + lr * decay) : p[i] * (1 - lr * decay) - lr * u[i];
        }

        private double[] Lion(int k, double[] g) => [.. g.Select((value, i) =>
        {
            double direction = Math.Sign(0.9 * _m[k][i] + 0.1 * value);
            _m[k][i] = 0.99 * _m[k][i] + 0.01 * value;
            return direction;
        })];

        private double[] Adam(int k, double[] g, double beta2) => [.. g.Select((value, i) =>
        {
            _m[k][i] = 0.9 * _m[k][i] + 0.1 * value;
            _v[k][i] = beta2 * _v[k][i] + (1 - beta2) * value * value;
            return _m[k][i] / (1 - Math.Pow(0.9, _t)) / (Math.Sqrt(_v[k][i] / (1 - Math.Pow(beta2, _t))) + 1e-8);
        })];

        private double[] Adan(int k, double[] g) => [.. g.Select((value, i) =>
        {
            double difference = _t == 1 ? 0 : value - _before[k][i];
            _before[k][i] = value;
            _m[k][i] = 0.98 * _m[k][i] + 0.02 * value;
            _v[k][i] = 0.92 * _v[k][i] + 0.08 * difference;
            _n[k][i] = 0.99 * _n[k][i] + 0.01 * Math.Pow(value + 0.92 * difference, 2);
            return (_m[k][i] / (1 - Math.Pow(0.98, _t)) + 0.92 * _v[k][i] / (1 - Math.Pow(0.92, _t)))
                / (Math.Sqrt(_n[k][i] / (1 - Math.Pow(0.99, _t))) + 1e-8);
        })];

        /// <summary>By x, y and z as the paper has them.</summary>
        private void ScheduleFree(int k, double lr, double decay, double share, double[] g)
        {
            double rate = lr * Math.Sqrt(1 - Math.Pow(0.99, _t));
            for (int i = 0; i < g.Length; i++)
            {
                double y = 0.1 * _z[k][i] + 0.9 * _x[k][i];
                _v[k][i] = 0.99 * _v[k][i] + 0.01 * g[i] * g[i];
                _z[k][i] -= rate * g[i] / (Math.Sqrt(_v[k][i]) + 1e-8) + rate * decay * y;
                _x[k][i] = (1 - share) * _x[k][i] + share * _z[k][i];
                Trained[k][i] = 0.1 * _z[k][i] + 0.9 * _x[k][i];
            }
        }

        private double[] Muon(int k, double[] g)
        {
            for (int i = 0; i < g.Length; i++) _m[k][i] = 0.95 * _m[k][i] + 0.05 * g[i];
            double[] u = _isCautious ? _m[k] : [.. g.Select((value, i) => 0.05 * value + 0.95 * _m[k][i])];
            int rows = Shapes[k][0], columns = g.Length / rows;
            double length = Math.Sqrt(u.Sum(value => value * value)) + 1e-7;
            double[,] x = new double[rows, columns];
            for (int i = 0; i < g.Length; i++) x[i / columns, i % columns] = u[i] / length;
            for (int step = 0; step < 5; step++)
            {
                double[,] a = Product(x, Transposed(x)), square = Product(a, a);
                for (int r = 0; r < rows; r++)
                    for (int c = 0; c < rows; c++) a[r, c] = -4.7750 * a[r, c] + 2.0315 * square[r, c];
                double[,] ahead = Product(a, x);
                for (int r = 0; r < rows; r++)
                    for (int c = 0; c < columns; c++) x[r, c] = 3.4445 * x[r, c] + ahead[r, c];
            }

            double scale = _isCautious ? Math.Sqrt(Math.Max(1, (double)rows / columns))
                : 0.2 * Math.Sqrt(Math.Max(rows, columns));
            return [.. x.Cast<double>().Select(value => scale * value)];
        }

        private static double[,] Product(double[,] a, double[,] b)
        {
            double[,] c = new double[a.GetLength(0), b.GetLength(1)];
            for (int i = 0; i < a.GetLength(0); i++)
                for (int j = 0; j < b.GetLength(1); j++)
                    for (int k = 0; k < a.GetLength(1); k++) c[i, j] += a[i, k] * b[k, j];
            return c;
        }

        private static double[,] Transposed(double[,] a)
        {
            double[,] b = new double[a.GetLength(1), a.GetLength(0)];
            for (int i = 0; i < a.GetLength(0); i++)
                for (int j = 0; j < a.GetLength(1); j++) b[j, i] = a[i, j];
            return b;
        }

        private static double[][] Zeros(double[][] like) => [.. like.Select(one => new double[one.Length])];

        private static double[][] Copy(double[][] values) => [.. values.Select(one => (double[])one.Clone())];
    }
}
