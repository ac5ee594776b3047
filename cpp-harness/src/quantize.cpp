#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "commands.hpp"
#include "error.hpp"
#include "gguf_facts.hpp"
#include "llama_api.hpp"
#include "log.hpp"
#include "quantize_types.hpp"

namespace harness {
namespace {

// GGML_TYPE_COUNT is the library's sign for "as the file type says".
ggml_type chosen_type(const std::string & name) { return name.empty() ? GGML_TYPE_COUNT : tensor_type(name); }

// The finished file is given its name: that must not take the place of a device, a link or the source.
void check_target(const std::string & in_path, const std::string & out_path) {
    struct stat in {};
    struct stat out {};
    if (lstat(out_path.c_str(), &out) == 0) {
        if (!S_ISREG(out.st_mode)) {
            throw failure(exit_code::usage, out_path + ": is there and is no regular file");
        }
        if (stat(in_path.c_str(), &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
            throw failure(exit_code::usage, out_path + ": would take the place of the model that it is made of");
        }
        return;
    }
    const size_t slash = out_path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : out_path.substr(0, slash + 1);
    if (access(folder.c_str(), W_OK | X_OK) != 0) {
        throw failure(exit_code::usage, out_path + ": no file can be made in its folder: " + std::strerror(errno));
    }
}

}  // namespace

void quantize(const quantize_flags & flags) {
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.nthread = static_cast<int32_t>(flags.threads);
    params.ftype = file_type(flags.type);
    params.pure = flags.pure;
    params.allow_requantize = flags.allow_requantize;
    params.token_embedding_type = chosen_type(flags.token_embedding_type);
    params.output_tensor_type = chosen_type(flags.output_type);
    require_readable(flags.in_path);
    check_target(flags.in_path, flags.out_path);
    forget_errors();
    // The library leaves half a file behind when it fails.
    const std::string temporary_path = flags.out_path + ".part-" + std::to_string(getpid());
    const uint32_t status = llama_model_quantize(flags.in_path.c_str(), temporary_path.c_str(), &params);
    if (status != 0) {
        std::remove(temporary_path.c_str());
        throw failure(exit_code::unavailable, flags.in_path + ": " + take_last_errors("llama_model_quantize gave " +
                                                                                      std::to_string(status)));
    }
    if (std::rename(temporary_path.c_str(), flags.out_path.c_str()) != 0) {
        const std::string why = std::strerror(errno);
        std::remove(temporary_path.c_str());
        throw failure(exit_code::internal, flags.out_path + ": cannot be named: " + why);
    }
}

}  // namespace harness
