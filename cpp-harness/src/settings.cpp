#include "settings.hpp"

#include <sched.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <thread>

#include "build_facts.hpp"
#include "llama.h"
#include "llama_api.hpp"

namespace harness {
namespace {

// The cores that this process may use, which an affinity mask can make fewer than there are.
uint32_t usable_cores() {
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof(mask), &mask) == 0) {
        const int count = CPU_COUNT(&mask);
        return count > 0 ? static_cast<uint32_t>(count) : 1;
    }
    return std::max(1u, std::thread::hardware_concurrency());
}

json library_object() {
    return json{
        {"name", build_facts::library_name},
        {"version", build_facts::library_version},
        {"source_checksum", build_facts::source_checksum},
    };
}

std::vector<std::string> split(const std::string & text, char separator) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, separator);) {
        if (!part.empty()) {
            parts.push_back(part);
        }
    }
    return parts;
}

}  // namespace

settings default_settings() {
    settings values;
    values.threads = usable_cores();
    values.repack = repacks_by_default();
    return values;
}

// llama_print_system_info gives "CPU : SSE3 = 1 | AVX = 1 | LLAMAFILE = 1 | …"; what is not a
// SIMD set is a build option, and listed with the flags instead.
std::vector<std::string> cpu_features() {
    static const std::vector<std::string> no_simd = {"openmp", "repack", "llamafile", "accelerate", "kleidiai"};
    std::vector<std::string> names;
#ifdef __SSE2__
    names.emplace_back("sse2");  // the baseline of x86-64, which the list leaves out
#endif
    for (std::string item : split(llama_print_system_info(), '|')) {
        const size_t colon = item.rfind(':');
        item = colon == std::string::npos ? item : item.substr(colon + 1);
        std::istringstream words(item);
        std::string name;
        std::string equals;
        std::string value;
        words >> name >> equals >> value;
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
        const bool is_simd = std::find(no_simd.begin(), no_simd.end(), name) == no_simd.end();
        if (equals == "=" && value == "1" && is_simd) {
            names.push_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

json build_object() {
    return json{
        {"compiler", build_facts::compiler},
        {"flags", split(build_facts::flags, ' ')},
        {"simd", cpu_features()},
        {"library", library_object()},
    };
}

json settings_object(const settings & values) {
    json object = {
        {"arithmetic", build_facts::arithmetic},
        {"threads", values.threads},
        {"context", values.context},
        {"micro_batch", values.micro_batch},
        {"kv", values.kv_f32 ? "f32" : "f16"},
        {"flash_attention", values.flash_attention},
        {"library", library_object()},
        {"cpu_features", cpu_features()},
    };
    if (values.repack) {
        object["repack"] = *values.repack;
    }
    return object;
}

}  // namespace harness
