*** Settings ***
Documentation    Decides mortgage applications: offers the clear ones, asks for a guarantor where insurance is
...              missing, and leaves the rest to underwriters.

Library          RefereeLibrary    decision_tables/loan_applications.xlsx
Library          application_file.py
Library          bank_comparison.py
Resource         loan_letters.resource


*** Variables ***
${APPLICATIONS}    ${EMPTY}


*** Tasks ***
Decide Loan Applications
    [Documentation]    Takes the applications of your own file with ``--variable APPLICATIONS:file.csv``.
    ${file}=    Choose Applications    ${APPLICATIONS}
    Read Cases    ${file}
    On Action    offer loan    Write Offer
    On Action    ask for guarantor    Write Guarantor Request
    Process Cases
    ${decisions}=    Get Decisions
    Compare With Bank    ${decisions}
