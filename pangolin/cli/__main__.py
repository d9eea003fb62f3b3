from pangolin.cli import main

main(prog_name="pangolin")
