using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>A tensor that belongs to a module: known by name and shape from the start, given memory by
/// <see cref="Module.Initialize"/>.</summary>
/// <param name="name">Name inside the module, e.g. <c>weight</c>.</param>
/// <param name="shape">Sizes.</param>
/// <param name="initializer">Fills in the first values.</param>
public abstract class NamedTensor(string name, Shape shape, Initializer initializer)
{
    private Tensor? _value;

    /// <summary>Name inside the module, e.g. <c>weight</c>.</summary>
    public string Name { get; } = name;

    /// <summary>Sizes; known before there is memory.</summary>
    public Shape Shape { get; } = shape;

    /// <summary>The values.</summary>
    /// <exception cref="InvalidOperationException">The model was not initialised yet.</exception>
    public Tensor Value
    {
        get => _value ?? throw new InvalidOperationException(
            $"'{Name}' {Shape} has no values yet; "
            + "call Initialize(device, seed) or Allocate(device) on the model first.");
        internal set => _value = value;
    }

    /// <summary>True once there is memory.</summary>
    public bool IsAllocated => _value is not null;

    internal virtual void Allocate(Device device)
    {
        if (_value?.Device == device) return;
        _value?.Release();
        _value = Tensor.Empty(Shape, device, origin: Name).Keep();
    }

    /// <param name="seed">Seed of the run.</param>
    /// <param name="fullName">Dotted name; it keys the draw, so that values do not depend on the order of
    /// construction.</param>
    internal void Fill(ulong seed, string fullName)
    {
        float[] values = new float[Shape.Elements];
        initializer(values, Shape, Philox.For(seed, "init." + fullName));
        Value.CopyFrom(values);
    }
}
