using Fovea.Nn.Layers;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests;

public sealed class ModuleTests
{
    private static Bag Sample() => new Bag()
        .Add(new Parameter("token", [1, 1, 4], Init.Normal(1), decay: false))
        .Add("blocks.0", new Bag().Add("norm", new LayerNorm(4)).Add("", new Bag().Add("fc", new Linear(4, 3))))
        .Add(new ModuleBuffer("seen", [2], Init.Ones))
        .Add(new ModuleBuffer("table", [2], Init.Constant(5), persistent: false));

    [Fact]
    public void Names_are_dotted_and_an_empty_name_adds_nothing()
    {
        Assert.Equal(
            ["token", "blocks.0.norm.weight", "blocks.0.norm.bias", "blocks.0.fc.weight", "blocks.0.fc.bias"],
            Sample().NamedParameters().Select(entry => entry.Name));
    }

    [Fact]
    public void Parameters_are_counted_before_there_is_memory()
    {
        Bag module = Sample();

        Assert.Equal(4 + 8 + 12 + 3, module.ParameterCount);
        Assert.All(module.NamedParameters(), entry => Assert.False(entry.Parameter.IsAllocated));
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() =>
            module.NamedParameters().First().Parameter.Value);
        Assert.Contains("call Initialize", error.Message);
    }

    [Fact]
    public void What_is_frozen_evaluates_while_the_rest_trains()
    {
        Bag frozen = new Bag().Add("fc", new Linear(2, 2)).Add("drop", new Dropout(0.5f)),
            free = new Bag().Add("fc", new Linear(2, 2)).Add("drop", new Dropout(0.5f));
        Bag model = new Bag().Add("frozen", frozen).Add("free", free).Add("drop", new Dropout(0.5f));
        foreach ((_, Parameter parameter) in frozen.NamedParameters()) parameter.Trainable = false;
        model.Train();

        Assert.Equal((true, false), (frozen.IsFrozen, free.IsFrozen));
        Assert.Equal((true, false, false), (model.Training, frozen.Training, frozen.Child("drop").Training));
        Assert.Equal((true, true, true), (free.Training, free.Child("drop").Training, model.Child("drop").Training));
        Assert.Equal(6, ParameterGroup.Default(model,
            0.1).Sum(group => group.Parameters.Sum(entry => entry.Parameter.Shape.Elements)));
    }

    [Fact]
    public void Weight_decay_spares_biases_norms_and_tokens()
    {
        Assert.Equal(["blocks.0.fc.weight"],
            Sample().NamedParameters().Where(entry => entry.Parameter.Decay).Select(entry => entry.Name));
    }

    [Fact]
    public void First_values_depend_on_seed_and_name_but_not_on_order()
    {
        Bag one = new Bag().Add("a", new Linear(5, 4)).Add("b", new Linear(5, 4));
        Bag other = new Bag().Add("b", new Linear(5, 4)).Add("a", new Linear(5, 4));
        Bag reseeded = new Bag().Add("a", new Linear(5, 4));
        one.Initialize(Device.Reference, 1);
        other.Initialize(Device.Reference, 1);
        reseeded.Initialize(Device.Reference, 2);

        Assert.Equal(Values(one, "a.weight"), Values(other, "a.weight"));
        Assert.NotEqual(Values(one, "a.weight"), Values(one, "b.weight"));
        Assert.NotEqual(Values(one, "a.weight"), Values(reseeded, "a.weight"));
    }

    [Fact]
    public void Buffers_are_filled_and_only_persistent_ones_are_state()
    {
        Bag module = Sample();
        module.Initialize(Device.Reference, 0);

        Assert.Equal([1f, 1f], module.NamedBuffers().Single(entry => entry.Name == "seen").Buffer.Value.ToArray());
        Assert.Equal([5f, 5f], module.NamedBuffers().Single(entry => entry.Name == "table").Buffer.Value.ToArray());
        Assert.Contains("seen", module.NamedState().Select(entry => entry.Name));
        Assert.DoesNotContain("table", module.NamedState().Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Weights_can_be_loaded_from_another_device(string device)
    {
        Bag source = Sample(), target = Sample();
        source.Initialize(Device.Reference, 7);
        target.Allocate(TestDevice.Named(device));

        target.Load(source.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));

        Assert.Equal(Values(source, "blocks.0.fc.weight"), Values(target, "blocks.0.fc.weight"));
    }

    [Fact]
    public void Loading_names_what_is_missing_unexpected_and_misshapen_and_changes_nothing()
    {
        Bag module = new Bag().Add("fc", new Linear(2, 3));
        module.Initialize(Device.Reference, 0);
        float[] before = Values(module, "fc.weight");

        InvalidDataException error = Assert.Throws<InvalidDataException>(() =>
            module.Load(new Dictionary<string, Tensor>
            {
                ["fc.weight"] = Tensor.Zeros([2, 2], Device.Reference),
                ["head.weight"] = Tensor.Zeros([1], Device.Reference),
            }));

        Assert.Equal(
            "Load: the weights do not fit the model; missing: fc.bias; unexpected: head.weight; of another shape: "
                + "fc.weight (model [3, 2], weights [2, 2]).",
            error.Message);
        Assert.Equal(before, Values(module, "fc.weight"));
    }

    [Fact]
    public void What_is_drawn_may_be_missing_and_stays()
    {
        Bag module = new Bag().Add("fc", new Linear(1, 1, bias: false))
            .Add(new ModuleBuffer("draw", [1], Init.Constant(4), drawn: true));
        module.Allocate(Device.Reference);

        module.Load(new Dictionary<string, Tensor> { ["fc.weight"] = Tensor.Full([1, 1], 2, Device.Reference) });
        Assert.Equal((2, 4), (Values(module, "fc.weight")[0], module.NamedBuffers().Single().Buffer.Value.Item()));

        Tensor weight = Tensor.Full([1, 1], 3, Device.Reference), draw = Tensor.Full([1], 7, Device.Reference);
        module.Load(new Dictionary<string, Tensor> { ["fc.weight"] = weight, ["draw"] = draw });
        Assert.Equal(7, module.NamedBuffers().Single().Buffer.Value.Item());
    }

    [Fact]
    public void Two_parts_of_one_name_are_refused()
    {
        Bag module = new Bag().Add("a", new Linear(1, 1));

        Assert.Throws<ArgumentException>(() => module.Add("a", new Linear(1, 1)));
        Assert.Throws<ArgumentException>(() => module.Add(new Parameter("a", [1], Init.Zeros)));
    }

    [Fact]
    public void A_module_has_one_parent()
    {
        Linear shared = new(1, 1);
        Bag module = new Bag().Add("a", shared);

        Assert.Throws<ArgumentException>(() => module.Add("b", shared));
    }

    [Fact]
    public void A_frozen_parameter_gets_no_gradient()
    {
        Linear layer = new(2, 2);
        layer.Initialize(Device.Reference, 0);
        layer.Weight.Trainable = false;

        using Tape tape = Tape.Record();
        tape.Backward(Ops.Sum(layer.Forward(Tensor.Full([3, 2], 1, Device.Reference))));

        Assert.Null(layer.Weight.Value.Gradient);
        Assert.Equal([3f, 3f], layer.Bias!.Value.Gradient!.ToArray());
        layer.ZeroGradient();
        Assert.Null(layer.Bias.Value.Gradient);
    }

    [Fact]
    public void Train_reaches_every_child()
    {
        Dropout inner = new(0.5f);
        Bag module = new Bag().Add("a", new Bag().Add("b", inner));
        Assert.True(inner.IsActive);

        module.Train(false);

        Assert.False(inner.IsActive);
    }

    private static float[] Values(Module module, string name) =>
        module.NamedParameters().Single(entry => entry.Name == name).Parameter.Value.ToArray();
}
