// lemon cost-scaling|network-simplex TABLE.csv: the most that a set-off clears, by LEMON 1.3.
// Prints one line of JSON. Amounts are 64-bit whole milli-CHIPs; only `solve_seconds` is a fraction.
//
// solve_seconds runs from the filled graph to the answer, LEMON's own set-up included, reading excluded.

#include <lemon/cost_scaling.h>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unordered_map>
#include <vector>

using Graph = lemon::SmartDigraph;
using Milli = std::int64_t;

struct Table {
    Graph graph;
    std::vector<Milli> debts;  // by the arc's id
    std::vector<Milli> net;    // by the node's id: what it owes less what it is owed
    Milli total = 0;
};

[[noreturn]] static void fail(const std::string& what) {
    std::fprintf(stderr, "lemon: %s\n", what.c_str());
    std::exit(1);
}

// "12.5" is 12500. Only plain decimals: another reading than ours would be worse than none.
static bool read_milli(const std::string& text, Milli& milli) {
    const auto point = std::min(text.find('.'), text.size());
    const std::string whole = text.substr(0, point);
    std::string part = point < text.size() ? text.substr(point + 1) : "";
    if (whole.empty() || whole.size() > 15 || part.size() > 3) return false;
    part.resize(3, '0');
    const std::string digits = whole + part;
    if (digits.find_first_not_of("0123456789") != std::string::npos) return false;
    milli = std::stoll(digits);
    return true;
}

static void read(const char* path, Table& table) {
    std::ifstream file(path);
    if (!file) fail(std::string("cannot read ") + path);
    std::unordered_map<std::string, Graph::Node> nodes;
    const auto node = [&](const std::string& name) {
        const auto known = nodes.find(name);
        if (known != nodes.end()) return known->second;
        table.net.push_back(0);
        return nodes[name] = table.graph.addNode();
    };
    std::string line;
    for (long number = 1; std::getline(file, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        const auto one = line.find(','), two = line.rfind(',');
        Milli milli = 0;
        if (one == two || !read_milli(line.substr(two + 1), milli)) {
            if (number == 1) continue;  // the header
            fail("line " + std::to_string(number) + " is not debtor,creditor,amount");
        }
        const auto debtor = node(line.substr(0, one));
        const auto creditor = node(line.substr(one + 1, two - one - 1));
        table.graph.addArc(debtor, creditor);
        table.debts.push_back(milli);
        table.net[Graph::id(debtor)] += milli;
        table.net[Graph::id(creditor)] -= milli;
        table.total += milli;
    }
}

// Every milli cleared earns one: the cheapest circulation clears the most.
static bool by_cost_scaling(const Table& table, Milli& cleared) {
    Graph::ArcMap<Milli> capacity(table.graph);
    for (Graph::ArcIt arc(table.graph); arc != lemon::INVALID; ++arc)
        capacity[arc] = table.debts[Graph::id(arc)];
    lemon::ConstMap<Graph::Arc, Milli> cost(-1);
    using Solver = lemon::CostScaling<Graph, Milli, Milli>;
    Solver solver(table.graph);
    const bool optimal = solver.upperMap(capacity).costMap(cost).run() == Solver::OPTIMAL;
    if (optimal) cleared = -solver.totalCost<Milli>();
    return optimal;
}

// What must stay, routed over the fewest debts: the rest is cleared. It starts far closer to its
// end than from nothing cleared.
static bool by_network_simplex(const Table& table, Milli& cleared) {
    Graph::ArcMap<Milli> capacity(table.graph);
    for (Graph::ArcIt arc(table.graph); arc != lemon::INVALID; ++arc)
        capacity[arc] = table.debts[Graph::id(arc)];
    Graph::NodeMap<Milli> supply(table.graph);
    for (Graph::NodeIt node(table.graph); node != lemon::INVALID; ++node)
        supply[node] = table.net[Graph::id(node)];
    lemon::ConstMap<Graph::Arc, Milli> cost(1);
    using Solver = lemon::NetworkSimplex<Graph, Milli, Milli>;
    Solver solver(table.graph);
    solver.upperMap(capacity).costMap(cost).supplyMap(supply);
    const bool optimal = solver.run() == Solver::OPTIMAL;
    if (optimal) cleared = table.total - solver.totalCost<Milli>();
    return optimal;
}

int main(int count, char** words) {
    const std::string method = count == 3 ? words[1] : "";
    if (method != "cost-scaling" && method != "network-simplex")
        fail("usage: lemon cost-scaling|network-simplex TABLE.csv");
    Table table;
    read(words[2], table);
    const auto start = std::chrono::steady_clock::now();
    Milli cleared = 0;
    const bool optimal = method == "cost-scaling" ? by_cost_scaling(table, cleared)
                                                  : by_network_simplex(table, cleared);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (!optimal) fail("LEMON says that the table has no optimum");
    std::printf("{\"participants\": %zu, \"rows\": %zu, \"cleared\": %lld, \"solve_seconds\": %.6f}\n",
                table.net.size(), table.debts.size(), static_cast<long long>(cleared), took.count());
}
