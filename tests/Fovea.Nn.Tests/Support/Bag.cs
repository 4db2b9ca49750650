using Fovea.Nn;

namespace Fovea.Tests;

/// <summary>A module of given parameters and children.</summary>
internal sealed class Bag : Module
{
    private readonly Dictionary<string, Module> _children = [];

    public Module Child(string name) => _children[name];

    public Bag Add(Parameter parameter)
    {
        Register(parameter);
        return this;
    }

    public Bag Add(ModuleBuffer buffer)
    {
        Register(buffer);
        return this;
    }

    public Bag Add(string name, Module module)
    {
        _children[name] = Register(name, module);
        return this;
    }
}
