#include "error.hpp"
#include "gguf_check.hpp"
#include "gguf_library.hpp"
#include "log.hpp"

namespace harness {

gguf_ptr read_by_library(const std::string & path) {
    forget_errors();
    gguf_init_params params = {};
    params.no_alloc = true;
    gguf_ptr context(gguf_init_from_file(path.c_str(), params));
    if (!context) {
        throw failure(exit_code::bad_input, path + ": " + take_last_errors("not a sound GGUF file"));
    }
    return context;
}

// The library's reader does not look whether the tensors' data are all there.
void check_by_library(const std::string & path, uint64_t file_bytes) {
    const gguf_ptr context = read_by_library(path);
    const uint64_t data = gguf_get_data_offset(context.get());
    for (int64_t i = 0; i < gguf_get_n_tensors(context.get()); ++i) {
        const tensor_place tensor = {gguf_get_tensor_name(context.get(), i), gguf_get_tensor_offset(context.get(), i),
                                     gguf_get_tensor_size(context.get(), i)};
        check_place(tensor, data, file_bytes, path);
    }
}

}  // namespace harness
