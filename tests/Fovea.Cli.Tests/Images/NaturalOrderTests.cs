using Fovea.Cli.Images;
using FsCheck.Fluent;

namespace Fovea.Cli.Tests.Images;

public sealed class NaturalOrderTests
{
    [Fact]
    public void NumbersCountAndCapitalsDoNot() =>
        Assert.Equal(["1.png", "02.png", "2.png", "10.png", "A.png", "a1.png", "a02.png", "a10b.png", "B.png"],
            ((string[])["a10b.png", "10.png", "B.png", "a02.png", "02.png", "A.png", "2.png", "a1.png", "1.png"])
                .Order(NaturalOrder.Instance));

    [Fact]
    public void TheOrderIsTotal() => Prop.ForAll<string, string, string>((x, y, z) =>
    {
        NaturalOrder order = NaturalOrder.Instance;
        bool isOpposite = Math.Sign(order.Compare(x, y)) == -Math.Sign(order.Compare(y, x));
        bool isTransitive = order.Compare(x, y) > 0 || order.Compare(y, z) > 0 || order.Compare(x, z) <= 0;
        return isOpposite && isTransitive && (order.Compare(x, y) == 0) == ((x ?? "") == (y ?? ""));
    }).Hold();
}
