using Fovea.Nn.Optimization;

namespace Fovea.Training.Recipes;

/// <summary>The optimiser, and the parameters that it updates.</summary>
public sealed record OptimisationSection
{
    /// <summary>Passes over the training images; 10.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Images per step, over all threads together; 128.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Update rule; AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>Largest learning rate, before it is scaled with the batch; 1e-3.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Growth of the rate with the batch; none.</summary>
    public RateScaling RateScaling { get; init; }

    /// <summary>Batch that <see cref="LearningRate"/> is meant for where it is scaled; 256.</summary>
    public int BaseBatch { get; init; } = 256;

    /// <summary>Largest learning rate of the run: <see cref="LearningRate"/>, scaled from <see cref="BaseBatch"/> to
    /// <see cref="BatchSize"/>.</summary>
    public double PeakLearningRate => RateScaling switch
    {
        RateScaling.Linear => LearningRate * ((double)BatchSize / BaseBatch),
        RateScaling.Sqrt => LearningRate * Math.Sqrt((double)BatchSize / BaseBatch),
        _ => LearningRate,
    };

    /// <summary>Pull of weights towards zero, not applied to biases, norms, tokens and positions; 0.05.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>That pull at the end of the run, which it comes to along half a cosine; null: it stays.</summary>
    public double? FinalWeightDecay { get; init; }

    /// <summary>Factor of <see cref="WeightDecay"/> at a step: final + (first − final) (cos(π step / steps) + 1) / 2,
    /// over the first.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="steps">Steps of the run.</param>
    public double WeightDecayFactor(int step, int steps) => FinalWeightDecay is double last
        ? (last + (WeightDecay - last) * (Math.Cos(Math.PI * step / steps) + 1) / 2) / WeightDecay
        : 1;

    /// <summary>Decay of the two averages of all but SGD and LARS, each 0 to 1; 0.9 and 0.999.</summary>
    public (double First, double Second) Betas { get; init; } = (0.9, 0.999);

    /// <summary>Decay of the third average of Adan, 0 to 1; 0.99.</summary>
    public double Beta3 { get; init; } = 0.99;

    /// <summary>Number that all but SGD and Lion add to their divisor, above 0; 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Elements whose change does not go against the gradient stay (Liang et al. 2024, arXiv:2411.16085);
    /// off.</summary>
    public bool Cautious { get; init; }

    /// <summary>Steps of Muon's iteration, 1 or more; 5.</summary>
    public int MuonIterations { get; init; } = 5;

    /// <summary>Factor of a Muon step for the shape of its matrix; that which makes it as long as AdamW's.</summary>
    public MuonScale MuonScale { get; init; }

    /// <summary>Momentum of SGD, LARS and Muon, 0 to 1; 0.9.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Nesterov's form of momentum; off.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Share of a parameter's length that a step of LARS at rate 1 covers, above 0; 0.001.</summary>
    public double TrustCoefficient { get; init; } = 0.001;

    /// <summary>LAMB and LARS take no step that is longer than that of Adam or SGD; off.</summary>
    public bool ClipTrust { get; init; }

    /// <summary>LAMB and LARS adapt parameters without weight decay, too; off.</summary>
    public bool AlwaysAdapt { get; init; }

    /// <summary>Largest norm of the whole gradient; null: not clipped.</summary>
    public double? ClipGradient { get; init; } = 1;

    /// <summary>Parts that a batch is computed in, one after the other; 1. The step is that of the whole
    /// batch.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Shards of a batch, whose gradients are added in an order that depends on their number alone; null: 1,
    /// or 8 where a launcher started the process. Results do not depend on the ranks that compute them.</summary>
    public int? Shards { get; init; }

    /// <summary>Numbers that gradients are sent as between ranks; single precision. With bfloat16 results depend on the
    /// number of ranks, and a resumed run is not the same to the last bit.</summary>
    public WireKind Wire { get; init; } = WireKind.Fp32;

    /// <summary>The optimiser's state is divided among ranks, each of which updates its parameters and sends them to
    /// the others (ZeRO stage 1, Rajbhandari et al. 2020, arXiv:1910.02054); off. Results do not depend on
    /// it.</summary>
    public bool ZeroState { get; init; }

    /// <summary>Blocks keep only their inputs and are computed again in the backward pass; off.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>First blocks that do not learn, and with any the embedding; null: nothing but the head learns.
    /// 0.</summary>
    public int? Freeze { get; init; } = 0;

    /// <summary>Factor of the learning rate from one block to the one before it, above 0 to 1; null: all learn at the
    /// same rate.</summary>
    public double? LayerDecay { get; init; }

    /// <summary>Factor of the head's learning rate; 1.</summary>
    public double HeadRate { get; init; } = 1;
}
