using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>
/// A part of a model: parameters, buffers and child modules, each under a name. Building one allocates nothing; memory
/// comes with <see cref="Initialize"/> or <see cref="Allocate"/>, so that sizes can be looked at for free.
/// </summary>
/// <remarks>
/// In evaluation (<see cref="Train"/> with false), several threads may run forward passes of one module at once, each
/// in a <see cref="StepScope"/> of its own; each gets the bits that it would get alone. Training, loading weights and
/// changes of context or mode are for one thread.
/// </remarks>
public abstract class Module
{
    private readonly List<Parameter> _parameters = [];
    private readonly List<ModuleBuffer> _buffers = [];
    private readonly List<(string Name, Module Module)> _children = [];
    private Module? _parent;
    private string _name = "";
    private ForwardContext? _context;

    /// <summary>True while training: dropout and the like are active. See <see cref="Train"/>.</summary>
    public bool Training { get; private set; } = true;

    /// <summary>Context of the next forward pass; a module without one of its own has its parent's. Set it on the model
    /// at the start of an epoch and before each training step.</summary>
    public ForwardContext Context
    {
        get => _context ?? _parent?.Context ?? ForwardContext.Default;
        set => _context = value;
    }

    /// <summary>True where there are parameters, none of which is <see cref="Parameter.Trainable"/>.</summary>
    public bool IsFrozen => NamedParameters().Any() && NamedParameters().All(entry => !entry.Parameter.Trainable);

    /// <summary>True where the result for an image depends on the other images of the batch, as with batch norm while
    /// training.</summary>
    public bool MixesImages => (Training && MixesImagesItself) || _children.Exists(child => child.Module.MixesImages);

    /// <summary>Number of values that training can change.</summary>
    public long ParameterCount => NamedParameters().Sum(entry => (long)entry.Parameter.Shape.Elements);

    /// <summary>All parameters with their dotted names, e.g. <c>blocks.0.attn.qkv.weight</c>; own ones first, then the
    /// children's.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> NamedParameters() =>
        Walk("").SelectMany(entry =>
            entry.Module._parameters.Select(parameter => (entry.Prefix + parameter.Name, parameter)));

    /// <summary>All buffers with their dotted names.</summary>
    public IEnumerable<(string Name, ModuleBuffer Buffer)> NamedBuffers() =>
        Walk("").SelectMany(entry => entry.Module._buffers.Select(buffer => (entry.Prefix + buffer.Name, buffer)));

    /// <summary>Contents of a checkpoint of the model: parameters and persistent buffers, with their dotted
    /// names.</summary>
    public IEnumerable<(string Name, NamedTensor Tensor)> NamedState() =>
        Walk("").SelectMany(entry =>
            entry.Module._parameters.Concat<NamedTensor>(entry.Module._buffers.Where(buffer => buffer.Persistent))
            .Select(tensor => (entry.Prefix + tensor.Name, tensor)));

    /// <summary>
    /// Switches this module and its children between training and evaluation. Frozen ones (<see cref="IsFrozen"/>)
    /// always evaluate: without dropout, and without a change of running statistics.
    /// </summary>
    public void Train(bool training = true)
    {
        Training = training && !IsFrozen;
        foreach ((_, Module child) in _children) child.Train(Training);
    }

    /// <summary>Expects the parameters to stay as they are for many passes, as in inference: products then keep their
    /// packed form, which takes as much memory again (in int8 a quarter). A change is noticed.</summary>
    public void Settle()
    {
        foreach ((_, Parameter parameter) in NamedParameters()) parameter.Value.Settle();
    }

    /// <summary>Gives parameters and buffers memory on a device and their first values.</summary>
    /// <param name="device">Where the model will compute.</param>
    /// <param name="seed">Each parameter's values depend on this and on its name, on nothing else.</param>
    /// <param name="except">Names whose values come from elsewhere, and stay unset until then.</param>
    public void Initialize(Device device, ulong seed, IReadOnlySet<string>? except = null)
    {
        Allocate(device);
        foreach ((string name, NamedTensor tensor) in NamedState())
            if (except?.Contains(name) != true) tensor.Fill(seed, name);
    }

    /// <summary>Gives parameters and buffers memory, parameters with unset values: for a <see cref="Load"/> right
    /// after.</summary>
    /// <param name="device">Where the model will compute.</param>
    public void Allocate(Device device)
    {
        foreach ((_, Parameter parameter) in NamedParameters()) parameter.Allocate(device);
        foreach ((string name, ModuleBuffer buffer) in NamedBuffers())
        {
            buffer.Allocate(device);
            if (!buffer.Persistent || buffer.Drawn) buffer.Fill(0, name);
        }
    }

    /// <summary>
    /// Copies weights in: exactly the names of <see cref="NamedState"/>, from any device. Only what is drawn and not
    /// learned may be missing (<see cref="ModuleBuffer.Drawn"/>) and stays as it is.
    /// </summary>
    /// <exception cref="InvalidDataException">Names are missing or left over, or shapes differ; nothing was copied
    /// then.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> values)
    {
        List<string> missing = [], misshapen = [];
        HashSet<string> left = [.. values.Keys];
        foreach ((string name, NamedTensor tensor) in NamedState())
        {
            left.Remove(name);
            if (!values.TryGetValue(name, out Tensor? value))
            {
                if (tensor is not ModuleBuffer { Drawn: true }) missing.Add(name);
            }
            else if (value.Shape != tensor.Shape)
                misshapen.Add($"{name} (model {tensor.Shape}, weights {value.Shape})");
        }

        if (missing.Count + misshapen.Count + left.Count > 0)
            throw new InvalidDataException(
                "Load: the weights do not fit the model; "
                + string.Join("; ", Listed("missing",
                    missing).Concat(Listed("unexpected", [.. left.Order()]))
                        .Concat(Listed("of another shape", misshapen)))
                + ".");
        foreach ((string name, NamedTensor tensor) in NamedState())
            if (values.TryGetValue(name, out Tensor? value)) Update.Copy(value, tensor.Value);
    }

    /// <summary>Forgets all gradients; their buffers are kept for the next ones.</summary>
    public void ZeroGradient()
    {
        foreach ((_, Parameter parameter) in NamedParameters()) parameter.Value.ClearGradient();
    }

    /// <summary>As <see cref="MixesImages"/>, of this module without its children, while training.</summary>
    private protected virtual bool MixesImagesItself => false;

    /// <summary>Makes a parameter part of this module. Call it in the constructor.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    protected Parameter Register(Parameter parameter)
    {
        RequireFree(parameter.Name);
        _parameters.Add(parameter);
        return parameter;
    }

    /// <summary>Makes a buffer part of this module. Call it in the constructor.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    protected ModuleBuffer Register(ModuleBuffer buffer)
    {
        RequireFree(buffer.Name);
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Makes a module a child of this one. Call it in the constructor.</summary>
    /// <param name="name">May hold dots; empty: the child's names stand among this module's own.</param>
    /// <param name="module">The child.</param>
    /// <exception cref="ArgumentException">The name is taken, or the module has a parent already.</exception>
    protected T Register<T>(string name, T module) where T : Module
    {
        if (name.Length > 0) RequireFree(name);
        if (module._parent is not null)
            throw new ArgumentException($"'{name}' is already part of another module.", nameof(module));
        (module._parent, module._name) = (this, name);
        _children.Add((name, module));
        return module;
    }

    /// <summary>Random numbers of this layer in this step: a function of <see cref="ForwardContext.Random"/> and the
    /// layer's dotted name.</summary>
    /// <exception cref="InvalidOperationException">The context has none.</exception>
    protected Philox LayerRandom()
    {
        Philox random = Context.Random ?? throw new InvalidOperationException(
            "Dropout and redrawn projections need random numbers: set model.Context = new() { Random = "
                + "Philox.For(seed, \"dropout\", step) } before each training step.");
        return LayerRandom(random);
    }

    /// <summary>Random numbers of its layers in a step whose <see cref="ForwardContext.Random"/> is
    /// <paramref name="random"/>: one stream of each module, in the same order each time.</summary>
    public IReadOnlyList<Philox> LayerStreams(Philox random) =>
        [.. Walk("").Select(entry => entry.Module.LayerRandom(random))];

    private Philox LayerRandom(Philox random)
    {
        ulong path = 14695981039346656037UL;   // FNV-1a over the names up to the root
        for (Module? module = this; module is not null; module = module._parent)
            foreach (char letter in module._name) path = (path ^ letter) * 1099511628211UL;
        return Philox.For(random.Seed, "layer", random.Stream, path);
    }

    private IEnumerable<(string Prefix, Module Module)> Walk(string prefix)
    {
        yield return (prefix, this);
        foreach ((string name, Module child) in _children)
            foreach ((string, Module) entry in child.Walk(name.Length == 0 ? prefix : $"{prefix}{name}."))
                yield return entry;
    }

    private void RequireFree(string name)
    {
        if (_parameters.Any(entry => entry.Name == name) || _buffers.Any(entry => entry.Name == name)
            || _children.Any(entry => entry.Name == name))
            throw new ArgumentException($"{GetType().Name}: two parts are called '{name}'.", nameof(name));
    }

    private static IEnumerable<string> Listed(string what, List<string> names)
    {
        const int Shown = 5;
        if (names.Count == 0) return [];
        string more = names.Count > Shown ? $" and {names.Count - Shown} more" : "";
        return [$"{what}: {string.Join(", ", names.Take(Shown))}{more}"];
    }
}
