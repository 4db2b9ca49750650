#!/bin/sh
# Machines of a small network on one: namespaces with a name and an address each (10.77.0.1, 10.77.0.2, ...), whose
# cables end at a bridge in a namespace of its own. Nothing of the machine's own network is touched; needs root.
#
#   hosts.sh up NAME COUNT [DELAY LOSS]  begins; with netem (where the kernel has it) e.g. 2ms 0.1%
#   hosts.sh exec NAME HOST COMMAND...   runs a command on the host of a number
#   hosts.sh agent NAME ADDRESS TEXT...  the same by address, as Open MPI's plm_rsh_agent calls it
#   hosts.sh cut NAME HOST               pulls the cable of a host
#   hosts.sh mend NAME HOST              puts it back
#   hosts.sh count NAME HOST             prints how many processes run on a host
#   hosts.sh down NAME                   ends what runs there and removes all
set -eu
net=10.77.0
verb=$1 name=$2
shift 2

case $verb in
up)
  count=$1
  ip netns add "$name-0"
  ip -n "$name-0" link add bridge type bridge
  ip -n "$name-0" link set bridge up
  host=1
  while [ "$host" -le "$count" ]; do
    ip netns add "$name-$host"
    ip -n "$name-0" link add "port$host" type veth peer name eth0 netns "$name-$host"
    ip -n "$name-0" link set "port$host" master bridge up
    ip -n "$name-$host" link set lo up
    ip -n "$name-$host" addr add "$net.$host/24" dev eth0
    ip -n "$name-$host" link set eth0 up
    # What is sent and never confirmed is given up after 6 seconds, and not after 15 minutes.
    ip netns exec "$name-$host" sysctl -qw net.ipv4.tcp_retries2=4
    if [ $# -ge 3 ]; then
      ip netns exec "$name-$host" tc qdisc add dev eth0 root netem delay "$2" loss "$3"
    fi
    host=$((host + 1))
  done
  ;;
exec)
  host=$1
  shift
  exec ip netns exec "$name-$host" unshare --uts sh -c 'hostname "$0" && exec "$@"' "host$host" "$@"
  ;;
agent)
  host=${1##*.}
  shift
  exec ip netns exec "$name-$host" unshare --uts sh -c 'hostname "$0" && eval "exec $1"' "host$host" "$*"
  ;;
cut) ip -n "$name-0" link set "port$1" down ;;
mend) ip -n "$name-0" link set "port$1" up ;;
count) ip netns pids "$name-$1" | wc -l ;;
down)
  for space in $(ip netns list | sed 's/ .*//' | grep "^$name-[0-9]*\$"); do
    ip netns pids "$space" | xargs -r kill -9
    ip netns del "$space"
  done
  ;;
*)
  echo "hosts.sh: '$verb' is none of up, exec, agent, cut, mend, count, down" >&2
  exit 2
  ;;
esac
